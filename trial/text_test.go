package trial

import "testing"

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"a line\nand\tanother: π": "a line\nand\tanother: π",
		"\x1b]0;evil\x07\x1b[2J":  "\ufffd]0;evil\ufffd\ufffd[2J",
		"over\rwritten\b":         "over\ufffdwritten\ufffd",
		"\u009b2J\x7f\x00":        "\ufffd2J\ufffd\ufffd",
		"\u202egnp.exe\u2066":     "\ufffdgnp.exe\ufffd",
		"not \xff UTF-8":          "not \ufffd UTF-8",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
