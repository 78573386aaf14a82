# Reads "a<TAB>b" lines, prints <, = or > for each.
require "rubygems"
STDIN.each_line(chomp: true) do |line|
  left, right = line.split("\t", -1).map { |text| Gem::Version.new(text) }
  puts({ -1 => "<", 0 => "=", 1 => ">" }[left <=> right])
end
