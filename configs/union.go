package configs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// union is a section whose key type says which other keys it has.
type union struct {
	body any // a pointer to the struct of one variant
}

// variant is one of the forms of a union.
type variant struct {
	word  string // value of type
	fresh func() any
}

// MarshalJSON writes the variant.
func (u union) MarshalJSON() ([]byte, error) { return json.Marshal(u.body) }

// decode picks the variant by the type and decodes into it.
func (u *union) decode(d *decoder, path string, n *node, what string, variants []variant) {
	words := make([]string, len(variants))
	for i, v := range variants {
		words[i] = v.word
	}
	if n.kind != mapping {
		d.mismatch(path, n, fmt.Sprintf("a section with type (%s)", strings.Join(words, ", ")), rules{})
		return
	}
	typ := n.get("type")
	if typ == nil {
		d.twice(path, n)
		d.missing(path, "type").withHint("%s is one of %s", what, strings.Join(words, ", "))
		return
	}
	var word string
	before := len(d.errs)
	d.text(join(path, "type"), typ, reflect.ValueOf(&word).Elem(), rules{enum: words})
	if len(d.errs) > before {
		return
	}
	u.body = variants[slices.Index(words, word)].fresh()
	before = len(d.errs)
	d.into(path, n, u.body)
	explainForeign(d.errs[before:], path, what, word, variants)
}

// explainForeign turns "unknown key" into a better message where the key belongs to another variant.
func explainForeign(errs []*Error, path, what, word string, variants []variant) {
	for _, e := range errs {
		name, below := strings.CutPrefix(e.Key, path+".")
		if !below || e.Msg != unknownKey {
			continue
		}
		var owners []string
		for _, v := range variants {
			if _, ok := fieldOf(reflect.TypeOf(v.fresh()).Elem(), name); ok {
				owners = append(owners, v.word)
			}
		}
		if len(owners) > 0 {
			e.Msg = fmt.Sprintf("%s of type %s has no %s", what, word, name)
			e.Hint = fmt.Sprintf("%s goes with type %s", name, strings.Join(owners, ", "))
		}
	}
}
