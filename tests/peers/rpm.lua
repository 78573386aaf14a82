-- Reads "a<TAB>b" lines, prints <, = or > for each.
for line in io.lines() do
  local left, right = line:match("^(.-)\t(.*)$")
  local order = rpm.vercmp(left, right)
  io.write(order < 0 and "<" or order > 0 and ">" or "=", "\n")
end
