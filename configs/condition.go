package configs

import "automl/search"

// conditionDocs are the conditions of a parameter in the order they were written; all must hold.
type conditionDocs []conditionDoc

type conditionDoc struct {
	parent string
	values choices
}

func (c *conditionDocs) decode(d *decoder, path string, n *node) {
	if n.kind != mapping || len(n.keys) == 0 {
		d.mismatch(path, n, "a section with a parameter and its value", rules{}).withHint("when: {optimizer: sgd}, or a list of values")
		return
	}
	d.twice(path, n)
	for i, k := range n.keys {
		cond := conditionDoc{parent: k.name}
		at := join(path, k.name)
		if item := n.items[i]; item.kind == list {
			cond.values.decode(d, at, item)
		} else {
			cond.values = choices{{}}
			cond.values[0].decode(d, at, item)
		}
		*c = append(*c, cond)
	}
}

// MarshalJSON writes an object in the order of the conditions, one value alone without its list.
func (c conditionDocs) MarshalJSON() ([]byte, error) {
	return orderedJSON(len(c), func(i int) (string, any) {
		if len(c[i].values) == 1 {
			return c[i].parent, c[i].values[0]
		}
		return c[i].parent, c[i].values
	})
}

// conditions are the conditions as the search space has them.
func (w whenDoc) conditions() []search.Condition {
	var out []search.Condition
	for _, c := range w.When {
		out = append(out, search.Condition{Parent: c.parent, Values: c.values.values()})
	}
	return out
}
