package configs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const listHead = `{"name":"suite/task/0","objective":{"metric":"loss","goal":"minimize"},"epochs":1,"trainer":{"type":"external"},
"parameters":{"x":{"type":"float","low":0,"high":1,"step":0.1},"n":{"type":"int","low":1,"high":9},
"o":{"type":"categorical","choices":["a","1"]},"m":{"type":"float","low":0,"high":1,"when":{"o":"a"}}},
`

func TestCandidatesInline(t *testing.T) {
	s, err := Parse("sweep", []byte(listHead+`"candidates":[{"x":0.30000000000000004,"n":2.0,"o":"a","m":1},{"x":1,"n":3,"o":"1"}]}`), "")
	if err != nil {
		t.Fatal(err)
	}
	const want = `"candidates":[{"x":0.30000000000000004,"n":2,"o":"a","m":1.0},{"x":1.0,"n":3,"o":"1"}]`
	if !bytes.Contains(s.Document(), []byte(want)) || s.Name != "suite/task/0" {
		t.Errorf("%s: %s", s.Name, s.Document())
	}
	if err := s.Space().Validate(); err != nil {
		t.Error(err)
	}
	again, err := Parse("sweep", s.Document(), "")
	if err != nil || !bytes.Equal(again.Document(), s.Document()) {
		t.Errorf("the document does not survive: %v\n%s", err, s.Document())
	}
}

func TestCandidatesRefused(t *testing.T) {
	for _, c := range []struct{ list, want string }{
		{`[{"x":0.3,"n":2,"o":"1"},` + "\n" + `{"x":0.3,"n":12,"o":"1"}]`, "sweep:5:14: candidates[1].n: 12 is not allowed"},
		{`[{"x":0.3,"n":2,"o":"1","m":1}]`, "4:42: candidates[0].m: it has a value but exists only when o is a"},
		{`[{"x":0.3,"n":2}]`, "candidates[0]: it has no value"},
		{`[{"x":0.3,"n":[2],"o":"1"}]`, "candidates[0].n: expected"},
		{`[{"x":0.3,"n":2,"k":3,"o":"1"}]`, "candidates[0].k: the search space has no such parameter"},
		{`[3]`, "candidates[0]: expected a section"},
		{`[]`, "candidates: the list is empty"},
		{`3`, "candidates: expected a list"},
		{`"trials.csv"`, "candidates: no file is read here"},
	} {
		_, err := Parse("sweep", []byte(listHead+`"candidates":`+c.list+"}"), "")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.list, err, c.want)
		}
	}
}

func TestCandidatesFile(t *testing.T) {
	dir := t.TempDir()
	sweep := filepath.Join(dir, "sweep.json")
	if err := os.WriteFile(sweep, []byte(listHead+`"candidates":"trials.csv"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ csv, want string }{
		{"o,x,n,m\na,0.30000000000000004,2,1\n1,1,3,\n", ""},
		{"o,x,k\n", "trials.csv:1:5: the search space has no parameter \"k\""},
		{"o,x,x\n", "trials.csv:1:5: the column x stands twice"},
		{"o,x,n,m\na,0.3,2,1\n1,1,12,\n", "trials.csv:3:5: parameter n: 12 is not allowed"},
		{"o,x,n,m\na,0.3,2,\n", "parameter m: it has no value"},
		{"o,x,n,m\na,0.3,2\n", "trials.csv:2:"},
		{"o,x,n,m\n", "there are no candidates"},
		{"", "the file is empty"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "trials.csv"), []byte(c.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Load(sweep)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: %v, want %s", c.csv, err, c.want)
		case c.want == "" && err != nil:
			t.Error(err)
		case c.want == "":
			const want = `"candidates":[{"x":0.30000000000000004,"n":2,"o":"a","m":1.0},{"x":1.0,"n":3,"o":"1"}]`
			if again, err := Parse("x", s.Document(), ""); err != nil || !bytes.Equal(again.Document(), s.Document()) ||
				!bytes.Contains(s.Document(), []byte(want)) {
				t.Errorf("%v: %s", err, s.Document())
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, "trials.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(sweep); err == nil || !strings.Contains(err.Error(), "trials.csv cannot be read") {
		t.Errorf("without the file: %v", err)
	}
}

func TestManyCandidates(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"name":"many","objective":{"metric":"loss","goal":"minimize"},"epochs":1,"trainer":{"type":"external"},"parameters":{`)
	for d := range 8 {
		fmt.Fprintf(&b, `"parameter%d":{"type":"float","low":0,"high":1},`, d)
	}
	text := strings.TrimSuffix(b.String(), ",") + `},"candidates":[`
	b.Reset()
	b.WriteString(text)
	for i := range 30000 {
		b.WriteString(`{`)
		for d := range 8 {
			fmt.Fprintf(&b, `"parameter%d":%v,`, d, float64(i*8+d)/240000)
		}
		b.WriteString(`"parameter8":0},`)
	}
	text = strings.ReplaceAll(b.String(), `,"parameter8":0`, "")
	start := time.Now()
	s, err := Parse("many", []byte(strings.TrimSuffix(text, ",")+"]}"), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes in %v", len(text), time.Since(start))
	if n, _ := s.Space().Size(); n != 30000 {
		t.Errorf("%d candidates", n)
	}
}
