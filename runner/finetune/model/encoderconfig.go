package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// encoderConfig is the part of a Hugging Face config.json that decides the
// arithmetic of a BERT-like encoder. DistilBERT has its own names for some.
type encoderConfig struct {
	ModelType string  `json:"model_type"`
	Vocab     int     `json:"vocab_size"`
	Hidden    int     `json:"hidden_size"`
	Layers    int     `json:"num_hidden_layers"`
	Heads     int     `json:"num_attention_heads"`
	Inner     int     `json:"intermediate_size"`
	Act       string  `json:"hidden_act"`
	Positions int     `json:"max_position_embeddings"`
	Types     int     `json:"type_vocab_size"`
	Eps       float64 `json:"layer_norm_eps"`
	PadID     int     `json:"pad_token_id"`
	Embedding string  `json:"position_embedding_type"`

	Dim        int    `json:"dim"`
	NLayers    int    `json:"n_layers"`
	NHeads     int    `json:"n_heads"`
	HiddenDim  int    `json:"hidden_dim"`
	Activation string `json:"activation"`

	Labels    map[string]string `json:"id2label"`
	InitialSD float64           `json:"initializer_range"` // of the weights of a fresh head
	// Pooling is ours: what the head reads. Without it, see poolingOf.
	Pooling Pooling `json:"pooling"`
}

// Pooling is what the head of an encoder reads of a text.
type Pooling string

// The poolings.
const (
	MeanPooling Pooling = "mean"   // the mean over the tokens
	CLSPooling  Pooling = "cls"    // the first token
	PoolerHead  Pooling = "pooler" // the first token through the dense layer of the family's own classifier
)

// parseEncoder reads and checks a config.json.
func parseEncoder(text []byte) (c encoderConfig, err error) {
	// What files leave out has the defaults of the transformers library.
	c.Eps, c.Act, c.Types, c.InitialSD = 1e-12, "gelu", 2, 0.02
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	if c.ModelType == "distilbert" {
		c.Hidden, c.Layers, c.Heads, c.Inner, c.Types = c.Dim, c.NLayers, c.NHeads, c.HiddenDim, 0
		if c.Activation != "" {
			c.Act = c.Activation
		}
	}
	return c, c.check()
}

// check refuses a config whose arithmetic encoder does not implement, and sizes
// that no network has.
func (c *encoderConfig) check() error {
	switch {
	case !(c.InitialSD >= 0 && c.InitialSD <= 1):
		return fmt.Errorf("initializer_range %v, want 0 to 1", c.InitialSD)
	case c.Act != "gelu" && !c.tanh():
		return fmt.Errorf("activation %q is not supported (gelu, gelu_new and gelu_pytorch_tanh are)", c.Act)
	case c.Embedding != "" && c.Embedding != "absolute":
		return fmt.Errorf("position_embedding_type %q is not supported (absolute is)", c.Embedding)
	case c.Layers < 1 || c.Layers > 128:
		return fmt.Errorf("%d layers, want 1 to 128", c.Layers)
	case min(c.Hidden, c.Inner, c.Heads) < 1 || max(c.Hidden, c.Inner) > maxWidth || c.Hidden%c.Heads != 0:
		return fmt.Errorf("hidden size %d with %d heads and an inner size of %d is not usable", c.Hidden, c.Heads, c.Inner)
	case c.Vocab < 1 || c.Vocab > 1<<22 || c.Types < 0 || c.Types > maxWidth:
		return fmt.Errorf("a vocabulary of %d with %d token types is not usable", c.Vocab, c.Types)
	case c.PadID < 0 || c.Positions > 1<<20 || c.Positions <= c.firstPosition():
		return fmt.Errorf("%d positions with pad_token_id %d are not usable", c.Positions, c.PadID)
	case !(c.Eps > 0 && c.Eps < 1):
		return fmt.Errorf("layer_norm_eps %v is not usable", c.Eps)
	case c.Pooling != "" && c.Pooling != MeanPooling && c.Pooling != CLSPooling && c.Pooling != PoolerHead:
		return fmt.Errorf("pooling %q is none of %s, %s, %s", c.Pooling, MeanPooling, CLSPooling, PoolerHead)
	}
	return nil
}

// tanh says that GELU is its approximation by a hyperbolic tangent.
func (c *encoderConfig) tanh() bool { return tanhGELU(c.Act) }

// tanhGELU says so of an activation's name.
func tanhGELU(name string) bool { return name == "gelu_new" || name == "gelu_pytorch_tanh" }

// firstPosition is the position of a text's first token: RoBERTa counts from
// behind the padding id.
func (c *encoderConfig) firstPosition() int {
	if c.ModelType == "roberta" {
		return c.PadID + 1
	}
	return 0
}

// poolingOf decides what the head reads: what config.json says under "pooling";
// else what the 1_Pooling folder of a sentence encoder says; else the family's
// own classifier where the file holds its dense layer; else the mean.
func (c *encoderConfig) poolingOf(dir string, hasPooler bool) (Pooling, error) {
	if c.Pooling != "" {
		return c.Pooling, nil
	}
	path := filepath.Join(dir, "1_Pooling", configFile)
	text, err := readSmall(path, maxConfig)
	switch {
	case err == nil:
		return sentencePooling(path, text)
	case !errors.Is(err, os.ErrNotExist):
		return "", err
	case hasPooler:
		return PoolerHead, nil
	}
	return MeanPooling, nil
}

// sentencePooling reads the pooling of a sentence-transformers folder.
func sentencePooling(path string, text []byte) (Pooling, error) {
	modes := map[string]any{}
	if err := json.Unmarshal(text, &modes); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case modes["pooling_mode_mean_tokens"] == true || modes["pooling_mode"] == "mean":
		return MeanPooling, nil
	case modes["pooling_mode_cls_token"] == true || modes["pooling_mode"] == "cls":
		return CLSPooling, nil
	}
	return "", fmt.Errorf("%s: neither mean nor cls pooling", path)
}
