package trial

import (
	"fmt"
	"strings"
	"testing"
)

// bits is the trained blocks of the first epochs of a network with five blocks, bottom to top: "...xx" trains the top two.
func bits(s FreezeSchedule, epochs int) string {
	var out []string
	for e := 1; e <= epochs; e++ {
		row := ""
		for _, on := range s.Trained(e, 5) {
			row += map[bool]string{true: "x", false: "."}[on]
		}
		out = append(out, row)
	}
	return strings.Join(out, " ")
}

func TestTrained(t *testing.T) {
	for _, c := range []struct {
		s    FreezeSchedule
		want string
	}{
		{FreezeSchedule{Strategy: HeadOnly}, "....x ....x ....x"},
		{FreezeSchedule{Strategy: Full}, "xxxxx xxxxx xxxxx"},
		{FreezeSchedule{Strategy: LoRA}, "xxxxx xxxxx xxxxx"},
		{FreezeSchedule{Strategy: LPFT, UnfreezeEvery: 2}, "....x ....x xxxxx"},
		{FreezeSchedule{Strategy: Gradual, UnfreezeEvery: 1, Depth: 0.5}, "....x ...xx ..xxx ..xxx"},
		{FreezeSchedule{Strategy: Gradual, UnfreezeEvery: 2, Depth: 1}, "....x ....x ...xx ...xx ..xxx"},
		{FreezeSchedule{Strategy: Partial, Depth: 0.25}, "...xx ...xx"},
		{FreezeSchedule{Strategy: Partial, Depth: 0.01}, "...xx ...xx"},
		{FreezeSchedule{Strategy: Surgical, Depth: 0.5}, "xx..x xx..x"},
	} {
		if got := bits(c.s, len(strings.Fields(c.want))); got != c.want {
			t.Errorf("%v: %s, want %s", c.s, got, c.want)
		}
	}
}

func TestLRFactors(t *testing.T) {
	s := FreezeSchedule{LayerDecay: 0.5, HeadLRFactor: 4}
	if got := fmt.Sprint(s.LRFactors(4)); got != "[0.125 0.25 0.5 4]" {
		t.Error(got)
	}
}

func TestFreezeFrom(t *testing.T) {
	s, err := FreezeFrom(Params{{"freeze.strategy", "gradual"}, {"freeze.depth", 0.5}, {"freeze.unfreeze_every", int64(2)}}, "freeze")
	if err != nil || s != (FreezeSchedule{Strategy: Gradual, Depth: 0.5, UnfreezeEvery: 2, LayerDecay: 1, HeadLRFactor: 1}) {
		t.Errorf("%+v, %v", s, err)
	}
	lora := FreezeSchedule{Strategy: LoRA, Depth: 1, UnfreezeEvery: 1, LayerDecay: 1, HeadLRFactor: 1, LoRARank: 8, LoRAAlpha: 4}
	if s, err := FreezeFrom(Params{{"freeze.strategy", "lora"}, {"freeze.lora_alpha", 4.0}}, "freeze"); err != nil || s != lora {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := FreezeFrom(Params{{"freeze.lora_rank", int64(4)}}, "freeze"); err != nil || s.LoRARank != 0 {
		t.Errorf("a rank without updates: %+v, %v", s, err)
	}
	if s, err := FreezeFrom(nil, "freeze"); err != nil || s.Strategy != Full {
		t.Errorf("without parameters: %+v, %v", s, err)
	}
	for _, bad := range []Params{{{"freeze.strategy", "none"}}, {{"freeze.depth", 0.0}}, {{"freeze.layer_decay", 2.0}},
		{{"freeze.unfreeze_every", int64(0)}}, {{"freeze.head_lr_factor", -1.0}}, {{"freeze.strategy", "lora"}, {"freeze.lora_rank", int64(0)}},
		{{"freeze.strategy", "lora"}, {"freeze.lora_alpha", 0.0}}} {
		if _, err := FreezeFrom(bad, "freeze"); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

func TestFreezeInWords(t *testing.T) {
	for want, s := range map[string]FreezeSchedule{
		"head for 1 epoch, then all, layer decay 0.50":                              {Strategy: LPFT, UnfreezeEvery: 1, LayerDecay: 0.5, HeadLRFactor: 1},
		"gradual: one block every epoch, down to the top 50%":                       {Strategy: Gradual, Depth: 0.5, UnfreezeEvery: 1, LayerDecay: 1, HeadLRFactor: 1},
		"gradual: one block every 2 epochs, down to the top 50%":                    {Strategy: Gradual, Depth: 0.5, UnfreezeEvery: 2, LayerDecay: 1, HeadLRFactor: 1},
		"head only, head at 10 x the learning rate":                                 {Strategy: HeadOnly, HeadLRFactor: 10},
		"top 25% of the blocks, layer decay 0.90, head at 2 x the learning rate":    {Strategy: Partial, Depth: 0.25, LayerDecay: 0.9, HeadLRFactor: 2},
		"bottom 25% of the blocks and the head":                                     {Strategy: Surgical, Depth: 0.25, LayerDecay: 1, HeadLRFactor: 1},
		"LoRA of rank 4, alpha 16, layer decay 0.50, head at 3 x the learning rate": {Strategy: LoRA, LoRARank: 4, LoRAAlpha: 16, LayerDecay: 0.5, HeadLRFactor: 3},
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
