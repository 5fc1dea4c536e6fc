package main

import "testing"

func TestMerge(t *testing.T) {
	const head = "| job | threads | ours ms | PyTorch ms | wall | cpu | first step | memory |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
	text := "a\n" + tableBegin + "\n" + tableEnd + "\nb\n"
	for _, step := range []struct {
		rows []string
		want string
	}{
		{[]string{"| x | 1 | 5 |", "| y | 1 | 6 |"}, "| x | 1 | 5 |\n| y | 1 | 6 |\n"},
		{[]string{"| y | 1 | 7 |", "| x | 2 | 8 |"}, "| x | 1 | 5 |\n| y | 1 | 7 |\n| x | 2 | 8 |\n"},
		{nil, "| x | 1 | 5 |\n| y | 1 | 7 |\n| x | 2 | 8 |\n"},
	} {
		var err error
		if text, err = merge(text, step.rows); err != nil {
			t.Fatal(err)
		}
		if want := "a\n" + tableBegin + "\n" + head + step.want + tableEnd + "\nb\n"; text != want {
			t.Fatalf("%q\nwant\n%q", text, want)
		}
	}
	if _, err := merge("no table", nil); err == nil {
		t.Error("a document without a table is accepted")
	}
}
