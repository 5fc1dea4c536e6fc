package configs

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"low", "high", "log", "step", "choices", "learning_rate", "batch_size"}
	for word, want := range map[string]string{
		"lwo": "low", "hihg": "high", "lerning_rate": "learning_rate", "learning-rate": "learning_rate", "LOW": "low",
		"batchsize": "batch_size", "values": "choices", "min": "low", "learn": "learning_rate", "zzz": "", "": "", "qwertyuiop": "",
	} {
		if got, _ := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"größe", "grösse", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance of %q and %q is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
