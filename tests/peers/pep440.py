"""Reads "a<TAB>b" lines, prints <, = or > for each."""
import sys
from packaging.version import Version

for line in sys.stdin:
    left, right = (Version(text) for text in line.rstrip("\n").split("\t"))
    print("<" if left < right else ">" if left > right else "=")
