# Reads "a<TAB>b" lines, prints <, = or > for each.
use strict; use warnings; use Dpkg::Version;
while (my $line = <STDIN>) {
    chomp $line;
    my ($left, $right) = split /\t/, $line, -1;
    my $order = version_compare($left, $right);
    print $order < 0 ? "<" : $order > 0 ? ">" : "=", "\n";
}
