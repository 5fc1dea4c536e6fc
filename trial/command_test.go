package trial

import (
	"slices"
	"testing"
)

func TestFillCommand(t *testing.T) {
	p := Params{{"lr", 1e-5}, {"batch", int64(32)}, {"opt", "a b"}, {"nesterov", true}, {"freeze.depth", 0.5}, {"seed", int64(7)}}
	words := map[string]string{"fold": "2", "to": "8", "checkpoint_in": "", "seed": "1"}
	for _, c := range []struct{ command, want []string }{
		{[]string{"python", "train.py", "${args}"}, []string{"python", "train.py", "--lr=1e-05", "--batch=32", "--opt=a b",
			"--nesterov=true", "--freeze.depth=0.5", "--seed=7"}},
		{[]string{"t", "--lr", "${lr}", "--at=${fold}/${to}", "${freeze.depth}"}, []string{"t", "--lr", "1e-05", "--at=2/8", "0.5"}},
		{[]string{"t", "--momentum=${momentum}", "--from=${checkpoint_in}", "x"}, []string{"t", "x"}}, // nobody has them
		{[]string{"t", "${seed}"}, []string{"t", "7"}},                                                // a parameter goes first
		{[]string{"sh", "-c", "echo ${HOME} ${lr}", "sh", "${lr}"}, []string{"sh", "-c", "echo ${HOME} ${lr}", "sh", "1e-05"}},
		{[]string{"t", "$${lr}", "$lr", "${", "a}"}, []string{"t", "${lr}", "$lr", "${", "a}"}},
	} {
		if got := FillCommand(c.command, p, words); !slices.Equal(got, c.want) {
			t.Errorf("%q became %q, want %q", c.command, got, c.want)
		}
	}
	if got := FillCommand([]string{"t", "${args}"}, nil, nil); !slices.Equal(got, []string{"t"}) {
		t.Errorf("no parameters became %q", got)
	}
}

func TestPlaceholders(t *testing.T) {
	if got := Placeholders("--a=${lr}-$${b}-${c.d}-$e"); !slices.Equal(got, []string{"lr", "c.d"}) {
		t.Errorf("found %q", got)
	}
}
