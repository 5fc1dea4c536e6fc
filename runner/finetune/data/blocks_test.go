package data

import (
	"slices"
	"testing"

	"automl/runner/finetune/finetunetest"
	"automl/runner/finetune/tokenizer"
)

func TestBlocks(t *testing.T) {
	by, err := tokenizer.Load(finetunetest.GPT2(t))
	if err != nil {
		t.Fatal(err)
	}
	end, ok := by.End()
	if !ok {
		t.Fatal("no token ends a text")
	}
	table := &Table{Texts: []string{"abcdefg", "", "ab", "<|endoftext|>", "abc"}}
	b, err := table.Blocks(by, 4)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int32{{0, 1, 2, 3}, {3, 4, 5, 6}, {6, end}, {0, 1, end}, {0, 1, 2, end}}
	for row, ids := range want {
		if got, types := b.Row(row); !slices.Equal(got, ids) || len(types) != len(ids) {
			t.Errorf("block %d is %v, want %v", row, got, ids)
		}
	}
	if got := b.Of([]int{4, 1, 0}); !slices.Equal(got, []int{4, 0, 1, 2}) || b.Rows() != len(want) {
		t.Errorf("%d blocks, those of texts 4, 1 and 0 are %v", b.Rows(), got)
	}
	whole, err := table.Tokens(by, 4)
	if err != nil {
		t.Fatal(err)
	}
	if ids, _ := whole.Row(1); !slices.Equal(ids, []int32{end}) || !slices.Equal(whole.Of([]int{2, 1}), []int{2, 1}) {
		t.Errorf("an empty text is %v", ids)
	}
	if _, err := table.Blocks(by, 1); err == nil {
		t.Error("blocks of one token")
	}
	if _, err := (&Table{Texts: []string{""}}).Blocks(by, 4); err == nil {
		t.Error("nothing to predict")
	}
}
