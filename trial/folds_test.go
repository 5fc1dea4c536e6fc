package trial

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestFoldsPartitionTheRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := FoldPlan{K: rapid.IntRange(1, 6).Draw(t, "k"), Seed: rapid.Uint64().Draw(t, "seed"),
			Split: rapid.SampledFrom([]SplitKind{Plain, Stratified}).Draw(t, "split")}
		keys := make([]string, rapid.IntRange(p.parts(), 80).Draw(t, "rows"))
		classes := rapid.IntRange(1, 4).Draw(t, "classes")
		for i := range keys {
			keys[i] = fmt.Sprint(rapid.IntRange(0, classes-1).Draw(t, "class"))
		}
		repeat := rapid.IntRange(0, 2).Draw(t, "repeat")
		held := make([]int, len(keys))
		for f := range p.K {
			train, valid, err := p.Fold(keys, repeat*p.K+f)
			if err != nil {
				t.Fatal(err)
			}
			if len(train)+len(valid) != len(keys) || len(valid) == 0 {
				t.Fatalf("%d + %d rows of %d", len(train), len(valid), len(keys))
			}
			for _, i := range valid {
				held[i]++
			}
			checkShares(t, p, keys, valid)
		}
		for i, n := range held {
			if p.K > 1 && n != 1 {
				t.Fatalf("row %d is held out %d times", i, n)
			}
		}
	})
}

// checkShares tells whether a fold has its share of the rows, and of each class when stratified, to within one row.
func checkShares(t *rapid.T, p FoldPlan, keys []string, valid []int) {
	total, here := map[string]int{}, map[string]int{}
	for _, k := range keys {
		total[k]++
	}
	for _, i := range valid {
		here[keys[i]]++
	}
	if n := len(keys); len(valid) < n/p.parts() || len(valid) > (n+p.parts()-1)/p.parts() {
		t.Fatalf("%d of %d rows in one of %d folds", len(valid), n, p.parts())
	}
	for k, n := range total {
		if p.Split == Stratified && (here[k] < n/p.parts() || here[k] > (n+p.parts()-1)/p.parts()) {
			t.Fatalf("%d of %d rows of class %s in one of %d folds", here[k], n, k, p.parts())
		}
	}
}

func TestGroupsStayTogether(t *testing.T) {
	keys := make([]string, 100)
	for i := range keys {
		keys[i] = fmt.Sprint("g", i*i%17)
	}
	p := FoldPlan{K: 4, Split: Group, Seed: 1}
	part, err := p.Draw(keys, 0)
	if err != nil {
		t.Fatal(err)
	}
	at, rows := map[string]int{}, make([]int, 4)
	for i, k := range keys {
		if old, ok := at[k]; ok && old != part[i] {
			t.Fatalf("group %s is cut", k)
		}
		at[k] = part[i]
		rows[part[i]]++
	}
	for _, n := range rows {
		if n < 15 || n > 35 {
			t.Errorf("folds of %v rows are unbalanced", rows)
		}
	}
	if _, err := (FoldPlan{K: 4, Split: Group}).Draw([]string{"a", "a", "b", "b"}, 0); err == nil {
		t.Error("two groups made four folds")
	}
}

// The draw is part of the file format: other languages must find the same folds, so it is pinned.
func TestDrawIsPinned(t *testing.T) {
	keys := []string{"a", "b", "a", "b", "a", "b", "a", "b"}
	p := FoldPlan{K: 2, Split: Stratified, Seed: 7}
	hash, err := p.ManifestHash(keys)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := p.Draw(keys, 0)
	again, _ := p.Draw(keys, 1)
	// computed with hashlib of Python 3.11
	const wantHash, wantPart, wantAgain = "f270070287ad8816ccf9a120fa7a5423a9551cca78dc3bf01a4b82e98ce35136", "[0 0 1 0 1 1 0 1]", "[0 0 1 1 1 1 0 0]"
	if hash != wantHash || fmt.Sprint(part) != wantPart || fmt.Sprint(again) != wantAgain {
		t.Errorf("hash %s, part %v, repeat 1 %v", hash, part, again)
	}
}

func TestFixedFolds(t *testing.T) {
	keys := []string{"10", "", "9", "10", "9", "-1"}
	p := FoldPlan{K: 3, Split: Fixed}
	for repeat := range 2 {
		if got, err := p.Draw(keys, repeat); err != nil || fmt.Sprint(got) != "[2 -1 1 2 1 0]" {
			t.Errorf("parts %v, %v", got, err)
		}
	}
	train, valid, err := p.Fold(keys, 1)
	if err != nil || fmt.Sprint(train, valid) != "[0 1 3 5] [2 4]" {
		t.Errorf("train %v, valid %v, %v", train, valid, err)
	}
	if _, err := (FoldPlan{K: 2, Split: Fixed}).Draw(keys, 0); err == nil {
		t.Error("three folds are named, k is 2")
	}
	one := FoldPlan{K: 1, Split: Fixed}
	if train, valid, err := one.Fold([]string{"", "held", ""}, 0); err != nil || fmt.Sprint(train, valid) != "[0 2] [1]" {
		t.Errorf("train %v, valid %v, %v", train, valid, err)
	}
	if hash, err := p.ManifestHash(keys); err != nil || len(hash) != 64 {
		t.Errorf("hash %q, %v", hash, err)
	}
}

func TestTasks(t *testing.T) {
	if len(Tasks()) != 10 {
		t.Errorf("tasks %v", Tasks())
	}
	for _, task := range Tasks() {
		if rows, target := SplitTask(task); TaskOf(rows, target) != task || !rows.HasTask(task) {
			t.Errorf("%s comes apart as %q and %q", task, rows, target)
		}
	}
	for _, none := range []string{"image-poetry", "image-generation"} {
		if rows, target := SplitTask(none); rows != "" || target != "" {
			t.Errorf("%s: %q and %q", none, rows, target)
		}
	}
}
