package tokenizer_test

import (
	"fmt"

	"automl/runner/finetune/tokenizer"
)

// A folder's tokenizer cuts texts and pairs of texts into one Encoding, without padding.
func Example() {
	t, err := tokenizer.Load("testdata/bert")
	if err != nil {
		fmt.Println(err)
		return
	}
	var e tokenizer.Encoding
	for _, text := range []string{"The card.", "Why?"} {
		if err := t.Append(&e, text, 128); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := t.AppendPair(&e, "The card.", "Why?", 128); err != nil {
		fmt.Println(err)
		return
	}
	from := int32(0)
	for _, n := range e.Lengths {
		fmt.Println(n, "tokens", e.IDs[from:from+n], "segments", e.TypeIDs[from:from+n])
		from += n
	}
	mask, _ := t.Mask()
	cls, _ := t.ID("[CLS]")
	fmt.Println(cls, mask, t.Special(cls))
	// Output:
	// 5 tokens [2 577 491 442 3] segments [0 0 0 0 0]
	// 5 tokens [2 595 178 454 3] segments [0 0 0 0 0]
	// 9 tokens [2 577 491 442 3 595 178 454 3] segments [0 0 0 0 0 1 1 1 1]
	// 2 4 true
}
