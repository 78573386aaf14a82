<?php
// Reads "a<TAB>b" lines, prints <, = or > for each, after Composer's own normalization.
require '/usr/share/php/Composer/Semver/autoload.php';
$parser = new Composer\Semver\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$left, $right] = array_map([$parser, 'normalize'], explode("\t", rtrim($line, "\n")));
    echo Composer\Semver\Comparator::lessThan($left, $right) ? '<'
        : (Composer\Semver\Comparator::greaterThan($left, $right) ? '>' : '='), "\n";
}
