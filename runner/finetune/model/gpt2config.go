package model

import (
	"encoding/json"
	"fmt"
)

// gpt2Config is the part of a Hugging Face config.json that decides the
// arithmetic of a GPT-2.
type gpt2Config struct {
	Vocab     int     `json:"vocab_size"`
	Positions int     `json:"n_positions"`
	Hidden    int     `json:"n_embd"`
	Layers    int     `json:"n_layer"`
	Heads     int     `json:"n_head"`
	Inner     *int    `json:"n_inner"` // null: 4 times n_embd
	Act       string  `json:"activation_function"`
	Eps       float64 `json:"layer_norm_epsilon"`
	Tied      bool    `json:"tie_word_embeddings"`
	InitialSD float64 `json:"initializer_range"` // of the weights of a fresh head
	EndID     *int    `json:"eos_token_id"`      // ends a text

	Scaled   bool `json:"scale_attn_weights"`
	ByLayer  bool `json:"scale_attn_by_inverse_layer_idx"`
	Crossing bool `json:"add_cross_attention"`

	Labels map[string]string `json:"id2label"`
}

// parseGPT2 reads and checks a config.json.
func parseGPT2(text []byte) (c gpt2Config, err error) {
	// What files leave out has the defaults of the transformers library.
	c = gpt2Config{Vocab: 50257, Positions: 1024, Hidden: 768, Layers: 12, Heads: 12, Act: "gelu_new", Eps: 1e-5, Tied: true, InitialSD: 0.02, Scaled: true}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	if c.Inner == nil {
		inner := 4 * min(c.Hidden, maxWidth)
		c.Inner = &inner
	}
	return c, c.check()
}

// check refuses a config whose arithmetic gpt2 does not implement, and sizes that
// no network has.
func (c *gpt2Config) check() error {
	switch {
	case !(c.InitialSD >= 0 && c.InitialSD <= 1):
		return fmt.Errorf("initializer_range %v, want 0 to 1", c.InitialSD)
	case c.Act != "gelu" && !c.tanh():
		return fmt.Errorf("activation_function %q is not supported (gelu_new, gelu_pytorch_tanh and gelu are)", c.Act)
	case !c.Scaled:
		return fmt.Errorf("scale_attn_weights false is not supported (true is)")
	case c.ByLayer:
		return fmt.Errorf("scale_attn_by_inverse_layer_idx true is not supported (false is)")
	case c.Crossing:
		return fmt.Errorf("add_cross_attention true is not supported (false is)")
	case c.Layers < 1 || c.Layers > 128:
		return fmt.Errorf("n_layer %d, want 1 to 128", c.Layers)
	case min(c.Hidden, *c.Inner, c.Heads) < 1 || c.Hidden > maxWidth || *c.Inner > 4*maxWidth || c.Hidden%c.Heads != 0:
		return fmt.Errorf("n_embd %d with n_head %d and n_inner %d is not usable", c.Hidden, c.Heads, *c.Inner)
	case c.Vocab < 1 || c.Vocab > 1<<22:
		return fmt.Errorf("vocab_size %d is not usable", c.Vocab)
	case c.Positions < 1 || c.Positions > 1<<20:
		return fmt.Errorf("n_positions %d is not usable", c.Positions)
	case !(c.Eps > 0 && c.Eps < 1):
		return fmt.Errorf("layer_norm_epsilon %v is not usable", c.Eps)
	}
	return nil
}

// tanh says that GELU is its approximation by a hyperbolic tangent.
func (c *gpt2Config) tanh() bool { return c.Act == "gelu_new" || c.Act == "gelu_pytorch_tanh" }
