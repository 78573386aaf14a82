// Reads "a<TAB>b" lines, prints <, = or > for each.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		left, right, _ := strings.Cut(lines.Text(), "\t")
		fmt.Println(string("<=>"[semver.Compare(left, right)+1]))
	}
}
