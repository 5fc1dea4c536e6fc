package model

import (
	"encoding/json"
	"fmt"
)

// vitConfig is the part of a Hugging Face config.json that decides the arithmetic
// of a vision transformer.
type vitConfig struct {
	ModelType string            `json:"model_type"`
	Hidden    int               `json:"hidden_size"`
	Layers    int               `json:"num_hidden_layers"`
	Heads     int               `json:"num_attention_heads"`
	Inner     int               `json:"intermediate_size"`
	Act       string            `json:"hidden_act"`
	Eps       float64           `json:"layer_norm_eps"`
	Image     pair              `json:"image_size"`
	Patch     pair              `json:"patch_size"`
	Channels  int               `json:"num_channels"`
	QKVBias   bool              `json:"qkv_bias"`
	Labels    map[string]string `json:"id2label"`
	InitialSD float64           `json:"initializer_range"` // of the weights of a fresh head
}

// pair is a height and a width, which files give as one number where they agree.
type pair struct{ H, W int }

// UnmarshalJSON reads a number or a list of two.
func (p *pair) UnmarshalJSON(text []byte) error {
	var one int
	if err := json.Unmarshal(text, &one); err == nil {
		*p = pair{one, one}
		return nil
	}
	var two []int
	if err := json.Unmarshal(text, &two); err != nil || len(two) != 2 {
		return fmt.Errorf("%s is no size: want a number of pixels, or a list of height and width", text)
	}
	*p = pair{two[0], two[1]}
	return nil
}

// parseViT reads and checks a config.json.
func parseViT(text []byte) (vitConfig, error) {
	// What files leave out has the defaults of the transformers library.
	c := vitConfig{Hidden: 768, Layers: 12, Heads: 12, Inner: 3072, Act: "gelu", Eps: 1e-12, Image: pair{224, 224}, Patch: pair{16, 16},
		Channels: 3, QKVBias: true, InitialSD: 0.02}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	return c, c.check()
}

// check refuses a config whose arithmetic vit does not implement, and sizes that
// no network has.
func (c *vitConfig) check() error {
	switch {
	case c.Act != "gelu" && !tanhGELU(c.Act):
		return fmt.Errorf("hidden_act %q is not supported (gelu, gelu_new and gelu_pytorch_tanh are)", c.Act)
	case !c.QKVBias:
		return fmt.Errorf("qkv_bias false is not supported (true is)")
	case c.Layers < 1 || c.Layers > 128:
		return fmt.Errorf("num_hidden_layers %d, want 1 to 128", c.Layers)
	case min(c.Hidden, c.Inner, c.Heads) < 1 || max(c.Hidden, c.Inner) > maxWidth || c.Hidden%c.Heads != 0:
		return fmt.Errorf("hidden_size %d with num_attention_heads %d and intermediate_size %d is not usable", c.Hidden, c.Heads, c.Inner)
	case c.Channels < 1 || c.Channels > 16:
		return fmt.Errorf("num_channels %d, want 1 to 16", c.Channels)
	case !(c.Eps > 0 && c.Eps < 1):
		return fmt.Errorf("layer_norm_eps %v is not usable", c.Eps)
	case !(c.InitialSD >= 0 && c.InitialSD <= 1):
		return fmt.Errorf("initializer_range %v, want 0 to 1", c.InitialSD)
	case min(c.Patch.H, c.Patch.W) < 1:
		return fmt.Errorf("patch_size %d x %d is not usable", c.Patch.H, c.Patch.W)
	}
	if err := c.fits(c.Image.H, c.Image.W); err != nil {
		return fmt.Errorf("image_size: %w", err)
	}
	return nil
}

// maxSide bounds the height and width of images.
const maxSide = 1024

// fits reports images of a size that cannot be cut into patches.
func (c *vitConfig) fits(h, w int) error {
	if h < c.Patch.H || w < c.Patch.W || max(h, w) > maxSide {
		return fmt.Errorf("images of %d x %d are not supported with patches of %d x %d (up to %d x %d)", h, w, c.Patch.H, c.Patch.W, maxSide, maxSide)
	}
	return nil
}
