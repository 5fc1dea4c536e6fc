package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
)

// config is tokenizer_config.json, with special_tokens_map.json for the tokens it leaves out. Without tokenizer.json it says
// how a vocabulary is used; with one, only which token is the mask.
type config struct {
	Class          string `json:"tokenizer_class"`
	DoLowerCase    *bool  `json:"do_lower_case"`
	StripAccents   *bool  `json:"strip_accents"`
	ChineseChars   *bool  `json:"tokenize_chinese_chars"`
	BasicTokenize  *bool  `json:"do_basic_tokenize"`
	AddPrefixSpace bool   `json:"add_prefix_space"`
	Side           string `json:"truncation_side"`

	Added  map[string]addedJSON    `json:"added_tokens_decoder"` // by id
	tokens map[string]specialToken // by role: "cls_token"
}

// specialToken is a special token of the configuration: a string, or an object that also says how it is found.
type specialToken struct {
	addedJSON
	object bool
}

// UnmarshalJSON reads either form.
func (s *specialToken) UnmarshalJSON(b []byte) error {
	if s.object = b[0] == '{'; s.object {
		return json.Unmarshal(b, &s.addedJSON)
	}
	return json.Unmarshal(b, &s.Content)
}

// addedJSON is an added token of a configuration.
type addedJSON struct {
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

func (a addedJSON) token() addedToken {
	return addedToken{content: []byte(a.Content), singleWord: a.SingleWord, lstrip: a.LStrip, rstrip: a.RStrip,
		normalized: a.Normalized, special: a.Special}
}

// roles are the special tokens that a configuration names, in the order in which they are added.
var roles = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// readConfig reads the two files, either of which may be missing.
func readConfig(dir string) (*config, error) {
	c := &config{tokens: map[string]specialToken{}}
	for _, name := range []string{specialMapFile, configFile} {
		path := filepath.Join(dir, name)
		b, err := readSome(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := valid(path, b); err != nil {
			return nil, err
		}
		if err := c.take(b); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if name != configFile {
			continue
		}
		if err := decode(b, c); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if c.Side != "" && c.Side != "right" {
			return nil, fmt.Errorf("%s: truncation_side: %q is not supported (supported: right)", path, c.Side)
		}
	}
	return c, nil
}

// take takes in the special tokens that a file names.
func (c *config) take(b []byte) error {
	want, found := map[string]*json.RawMessage{}, make([]json.RawMessage, len(roles))
	for i, role := range roles {
		want[role] = &found[i]
	}
	if err := fields(b, want); err != nil {
		return err
	}
	for i, role := range roles {
		var s specialToken
		if err := option(role, found[i], &s); err != nil {
			return err
		}
		if s.Content != "" {
			c.tokens[role] = s
		}
	}
	return nil
}

// token is the special token of a role, and what it is by default.
func (c *config) token(role, byDefault string) string {
	if s := c.tokens[role].Content; s != "" {
		return s
	}
	return byDefault
}

// added lists the special tokens: those that the configuration names, those of byDefault (by role) that the vocabulary has, and
// the configuration's table of added tokens.
func (c *config) added(v *vocab, byDefault map[string]addedJSON) ([]addedToken, error) {
	var out []addedToken
	for _, role := range roles {
		a, configured := byDefault[role], c.tokens[role]
		switch {
		case configured.object:
			a = configured.addedJSON
		case configured.Content != "":
			a.Content = configured.Content
		default:
			if _, known := v.id([]byte(a.Content)); !known {
				continue
			}
		}
		if a.Content != "" {
			a.Special = true
			out = append(out, a.token())
		}
	}
	ids := make([]int, 0, len(c.Added))
	for key := range c.Added {
		id, err := strconv.Atoi(key)
		if err != nil {
			return nil, fmt.Errorf("%s: added_tokens_decoder: %q is not an id", configFile, key)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if a := c.Added[strconv.Itoa(id)]; a.Content != "" {
			out = append(out, a.token())
		}
	}
	return out, nil
}
