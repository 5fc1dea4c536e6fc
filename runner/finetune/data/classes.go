package data

import (
	"cmp"
	"slices"
	"strconv"
)

// index returns the classes that occur, sorted, and the index of each label among them.
func index(labels []string) (classes []string, y []int32) {
	seen := map[string]int32{}
	numbers := true
	for _, l := range labels {
		if _, known := seen[l]; known {
			continue
		}
		seen[l] = 0
		classes = append(classes, l)
		_, err := strconv.ParseInt(l, 10, 64)
		numbers = numbers && err == nil
	}
	slices.SortFunc(classes, func(a, b string) int {
		if numbers {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b)) // "1" and "01" are two classes
		}
		return cmp.Compare(a, b)
	})
	for i, c := range classes {
		seen[c] = int32(i)
	}
	y = make([]int32, len(labels))
	for i, l := range labels {
		y[i] = seen[l]
	}
	return classes, y
}
