// Reads "a<TAB>b" lines, prints <, = or > for each. The argument is the folder of global packages.
const root = process.argv[2];
let semver;
try {
  semver = require(root + "/semver");
} catch {
  semver = require(root + "/npm/node_modules/semver");
}
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
for (const line of lines) {
  const [left, right] = line.split("\t");
  console.log({ "-1": "<", 0: "=", 1: ">" }[semver.compare(left, right, true)]);
}
