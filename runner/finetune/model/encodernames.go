package model

import (
	"fmt"
	"strings"
)

// encoderNames are the names of an encoder's tensors. Those of a layer follow
// its own; each has a .weight and a .bias.
type encoderNames struct {
	base                             string // before all but the classifier's
	word, position, types, norm      string
	layer                            string // with the number to fill in
	query, key, value, out, attnNorm string
	inner, outer, outNorm            string
	pooler                           string // the dense layer of the family's classifier
	classifier                       string
	spares                           []string // beginnings of names that belong to other heads
	poolerTanh                       bool     // after the dense layer; else ReLU
}

// namesOf lists a family's names as they are without a base: bert., roberta. or
// distilbert., which models with a head have before those of the encoder.
func namesOf(family string) encoderNames {
	n := encoderNames{
		word: "embeddings.word_embeddings", position: "embeddings.position_embeddings",
		types: "embeddings.token_type_embeddings", norm: "embeddings.LayerNorm",
		layer: "encoder.layer.%d", query: ".attention.self.query", key: ".attention.self.key", value: ".attention.self.value",
		out: ".attention.output.dense", attnNorm: ".attention.output.LayerNorm",
		inner: ".intermediate.dense", outer: ".output.dense", outNorm: ".output.LayerNorm",
		pooler: "pooler.dense", classifier: "classifier", poolerTanh: true,
		spares: []string{"cls.", "pooler."},
	}
	switch family {
	case "roberta":
		n.pooler, n.classifier = "classifier.dense", "classifier.out_proj"
		n.spares = []string{"lm_head.", "pooler.", "classifier.dense."}
	case "distilbert":
		n.layer = "transformer.layer.%d"
		n.query, n.key, n.value, n.out, n.attnNorm = ".attention.q_lin", ".attention.k_lin", ".attention.v_lin", ".attention.out_lin", ".sa_layer_norm"
		n.inner, n.outer, n.outNorm = ".ffn.lin1", ".ffn.lin2", ".output_layer_norm"
		n.pooler, n.poolerTanh = "pre_classifier", false
		n.spares = []string{"vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "pre_classifier."}
	}
	return n
}

// on returns the names as a file has them: with the family's base or without.
func (n encoderNames) on(family string, w *weights) encoderNames {
	base := family + "."
	if _, ok := w.tensors[base+n.word+".weight"]; !ok {
		return n
	}
	n.base = base
	for _, name := range []*string{&n.word, &n.position, &n.types, &n.norm, &n.layer} {
		*name = base + *name
	}
	if family == "bert" {
		n.pooler = base + n.pooler
	}
	return n
}

// at is layer i's name.
func (n *encoderNames) at(i int) string { return fmt.Sprintf(n.layer, i) }

// spare reports whether a tensor may be left over: the buffers of positions and
// types that old files carry, and other heads.
func (n *encoderNames) spare(name string) bool {
	bare := strings.TrimPrefix(name, n.base)
	for _, s := range n.spares {
		if strings.HasPrefix(bare, s) {
			return true
		}
	}
	return bare == "embeddings.position_ids" || bare == "embeddings.token_type_ids"
}
