package trial

import (
	"fmt"
	"math"
	"strings"
)

// Strategy is the kind of a freeze schedule.
type Strategy string

// The strategies. The head is trained in each of them.
const (
	HeadOnly Strategy = "head_only"
	Full     Strategy = "full"     // every block from the first epoch
	LPFT     Strategy = "lp_ft"    // head first, then all (Kumar et al. 2022)
	Gradual  Strategy = "gradual"  // unfreeze from the top, one block at a time (ULMFiT, Howard & Ruder 2018)
	Partial  Strategy = "partial"  // the top blocks
	Surgical Strategy = "surgical" // the bottom blocks and the head (Lee et al. 2023: early blocks for input shift)
	LoRA     Strategy = "lora"     // low-rank updates of the weights of every block, and the head (Hu et al. 2021)
)

// Strategies lists all of them, in the order of the search space.
var Strategies = []Strategy{HeadOnly, Full, LPFT, Gradual, Partial, Surgical, LoRA}

// The names of the parameters a typed freeze parameter called "freeze" becomes.
const (
	FreezeStrategy = "strategy"
	FreezeDepth    = "depth"
	FreezeEvery    = "unfreeze_every"
	FreezeDecay    = "layer_decay"
	FreezeHead     = "head_lr_factor"
	FreezeRank     = "lora_rank"
	FreezeAlpha    = "lora_alpha"
)

// FreezeSchedule says which blocks of a network are trained in which epoch, and how fast.
type FreezeSchedule struct {
	Strategy      Strategy
	Depth         float64 // share of the blocks below the head that are trained at the end, (0, 1]; partial, gradual, surgical
	UnfreezeEvery int     // epochs between two unfreezings; lp_ft: epochs before everything is unfrozen
	LayerDecay    float64 // learning-rate factor from one block to the one below, (0, 1]
	HeadLRFactor  float64 // learning-rate factor of the head

	LoRARank  int     `json:",omitempty"` // lora: of the updates, at least 1; 0 with any other strategy
	LoRAAlpha float64 `json:",omitempty"` // lora: the updates are multiplied by this over the rank; 0 with any other strategy
}

// What rank and alpha of the strategy lora are where nothing is said.
const (
	defaultRank  = 8
	defaultAlpha = 16
)

// FreezeFrom reads the schedule from the parameters that the typed parameter called name became; full without any.
func FreezeFrom(p Params, name string) (FreezeSchedule, error) {
	s := FreezeSchedule{
		Strategy:      Strategy(p.Text(name+"."+FreezeStrategy, string(Full))),
		Depth:         p.Float(name+"."+FreezeDepth, 1),
		UnfreezeEvery: p.Int(name+"."+FreezeEvery, 1),
		LayerDecay:    p.Float(name+"."+FreezeDecay, 1),
		HeadLRFactor:  p.Float(name+"."+FreezeHead, 1),
	}
	if s.Strategy == LoRA {
		s.LoRARank, s.LoRAAlpha = p.Int(name+"."+FreezeRank, defaultRank), p.Float(name+"."+FreezeAlpha, defaultAlpha)
	}
	return s, s.Validate()
}

// Validate checks the ranges.
func (s FreezeSchedule) Validate() error {
	known := false
	for _, k := range Strategies {
		known = known || k == s.Strategy
	}
	switch {
	case !known:
		return fmt.Errorf("freeze strategy %q is none of %v", s.Strategy, Strategies)
	case !(s.Depth > 0 && s.Depth <= 1):
		return fmt.Errorf("freeze depth %v lies outside (0, 1]", s.Depth)
	case s.UnfreezeEvery < 1:
		return fmt.Errorf("unfreeze_every %d is below 1", s.UnfreezeEvery)
	case !(s.LayerDecay > 0 && s.LayerDecay <= 1):
		return fmt.Errorf("layer_decay %v lies outside (0, 1]", s.LayerDecay)
	case !(s.HeadLRFactor > 0):
		return fmt.Errorf("head_lr_factor %v is not positive", s.HeadLRFactor)
	case s.Strategy == LoRA && s.LoRARank < 1:
		return fmt.Errorf("lora_rank %d is below 1", s.LoRARank)
	case s.Strategy == LoRA && !(s.LoRAAlpha > 0):
		return fmt.Errorf("lora_alpha %v is not positive", s.LoRAAlpha)
	}
	return nil
}

// body is how many of the blocks below the head a share of depth means: at least one.
func body(depth float64, below int) int {
	return min(below, max(1, int(math.Round(depth*float64(below)))))
}

// Trained says which of the network's blocks (bottom to top, the last is the head) are trained in an epoch (from 1).
func (s FreezeSchedule) Trained(epoch, blocks int) []bool {
	out := make([]bool, blocks)
	below := blocks - 1
	out[below] = true
	top := 0 // how many blocks under the head are trained, counted from the top
	switch s.Strategy {
	case Full, LoRA:
		top = below
	case LPFT:
		if epoch > s.UnfreezeEvery {
			top = below
		}
	case Gradual:
		top = min((epoch-1)/s.UnfreezeEvery, body(s.Depth, below))
	case Partial:
		top = body(s.Depth, below)
	case Surgical:
		for i := range body(s.Depth, below) {
			out[i] = true
		}
	}
	for i := below - top; i < below; i++ {
		out[i] = true
	}
	return out
}

// LRFactors are the learning-rate factors of the blocks, bottom to top: layer_decay to the power of the distance from the
// head, and head_lr_factor at the head.
func (s FreezeSchedule) LRFactors(blocks int) []float64 {
	out := make([]float64, blocks)
	for i := range out {
		out[i] = math.Pow(s.LayerDecay, float64(blocks-1-i))
	}
	out[blocks-1] *= s.HeadLRFactor
	return out
}

// String is the schedule for a person: "gradual, top 2/3, one block every 2 epochs".
func (s FreezeSchedule) String() string {
	switch s.Strategy {
	case HeadOnly:
		return "head only" + s.headText()
	case Full:
		return "full" + s.decayText()
	case LPFT:
		return fmt.Sprintf("head for %s, then all%s", epochs(s.UnfreezeEvery), s.decayText())
	case Gradual:
		return fmt.Sprintf("gradual: one block every %s, down to the top %.0f%%%s", strings.TrimPrefix(epochs(s.UnfreezeEvery), "1 "), 100*s.Depth, s.decayText())
	case Partial:
		return fmt.Sprintf("top %.0f%% of the blocks%s", 100*s.Depth, s.decayText())
	case LoRA:
		return fmt.Sprintf("LoRA of rank %d, alpha %.3g%s", s.LoRARank, s.LoRAAlpha, s.decayText())
	}
	return fmt.Sprintf("bottom %.0f%% of the blocks and the head%s", 100*s.Depth, s.decayText())
}

func (s FreezeSchedule) decayText() string {
	text := ""
	if s.LayerDecay != 1 {
		text = fmt.Sprintf(", layer decay %.2f", s.LayerDecay)
	}
	return text + s.headText()
}

func (s FreezeSchedule) headText() string {
	if s.HeadLRFactor == 1 {
		return ""
	}
	return fmt.Sprintf(", head at %.3g x the learning rate", s.HeadLRFactor)
}

func epochs(n int) string {
	if n == 1 {
		return "1 epoch"
	}
	return fmt.Sprintf("%d epochs", n)
}
