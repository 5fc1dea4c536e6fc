package configs

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"automl/search"
)

// confidence is a number from 0 to 1, or a word for one. 0 stands for the default; a confidence of 0 is written as least.
type confidence float64

const leastConfidence = 1e-9

// confidenceWords are in rising order.
func confidenceWords() []string {
	words := slices.Collect(maps.Keys(search.Confidences))
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(search.Confidences[a], search.Confidences[b]) })
	return words
}

func (c *confidence) decode(d *decoder, path string, n *node) {
	limits := rules{bounds: []bound{{"at least", 0}, {"at most", 1}}}
	switch words := confidenceWords(); n.kind {
	case integer, float:
		if v, ok := d.number(path, n, limits); ok && d.bounds(path, n, v, limits) {
			*c = confidence(max(v, leastConfidence))
		}
	case text:
		if v, ok := search.Confidences[n.raw]; ok {
			*c = confidence(v)
			return
		}
		d.wrong(path, "%q is no confidence", shorten(n.raw)).withHint("give %s, or a number from 0 to 1", strings.Join(words, ", "))
	default:
		d.mismatch(path, n, "low, medium, high, or a number from 0 to 1", rules{})
	}
}

// prior is the belief as the search space has it; the default is written into the document.
func (b *believedDoc) prior() *search.Prior {
	p := b.Prior
	if p == nil || p.Value == nil {
		return nil
	}
	if p.Confidence == 0 {
		p.Confidence = confidence(search.Confidences["medium"])
	}
	return &search.Prior{Value: p.Value.v, Confidence: float64(p.Confidence)}
}
