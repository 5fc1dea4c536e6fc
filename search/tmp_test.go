package search_test

import (
	"automl/search"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTmp(t *testing.T) {
	if os.Getenv("TMPQ") == "" {
		t.Skip()
	}
	pop, _ := strconv.Atoi(os.Getenv("POP"))
	start, _ := strconv.Atoi(os.Getenv("START"))
	seeds, _ := strconv.Atoi(os.Getenv("SEEDS"))
	for _, p := range severalProblems() {
		if only := os.Getenv("ONLY"); only != "" && !strings.Contains(only, p.name) {
			continue
		}
		for _, typ := range strings.Split(os.Getenv("TMPQ"), ",") {
			s := time.Now()
			v := medianVolume(t, search.Config{Type: typ, Population: pop, Startup: start}, p, seeds, 100)
			t.Logf("%s %s: %.4f (of %.4f) %v", p.name, typ, v, p.most, time.Since(s)/time.Duration(seeds))
		}
	}
}
