package train

import (
	"maps"
	"slices"

	"automl/runner/finetune/model"
	"automl/trial"
)

// LoRA says which low-rank updates train in place of the weights below the head. The freeze schedule says where and when, and with the
// strategy lora rank and alpha, too; the zero LoRA is none.
type LoRA struct {
	Rank    int // 0: there are none
	Alpha   float64
	Targets string  // one of loraTargets
	Dropout float64 `json:",omitempty"` // of what each update reads, [0, 1)
}

// loraTargets are the weights that may be updated.
var loraTargets = map[string][]model.LoRATarget{
	"query_value": {model.QueryTarget, model.ValueTarget}, // as in section 4.2 of the paper
	"attention":   {model.QueryTarget, model.KeyTarget, model.ValueTarget, model.OutputTarget},
	"all":         model.LoRATargets,
}

// maxRank bounds the rank; an update of the width of a layer would have more parameters than its weight.
const maxRank = 1024

func (r *reader) lora(s trial.FreezeSchedule) LoRA {
	o := LoRA{Rank: r.atMost("lora_rank", 0, 0, maxRank), Alpha: r.positive("lora_alpha", 16), Dropout: r.share("lora_dropout", 0),
		Targets: r.text("lora_targets", "query_value", slices.Sorted(maps.Keys(loraTargets))...)}
	if s.Strategy == trial.LoRA {
		for _, own := range []string{"lora_rank", "lora_alpha"} {
			if v, there := r.params.Get(own); there {
				r.fail(own, v, "the freeze strategy lora has its own, "+FreezeName+"."+own)
			}
		}
		o.Rank, o.Alpha = s.LoRARank, s.LoRAAlpha
	}
	if o.Rank == 0 {
		return LoRA{}
	}
	return o
}

// Adapt puts the updates of a trial on a network, in all blocks that its freeze schedule ever trains; without any it does nothing.
func (o Options) Adapt(net *model.Net, seed uint64) error {
	const last = 1 << 30 // an epoch after which no schedule changes
	blocks := o.Freeze.Trained(last, len(net.Blocks()))
	if o.LoRA.Rank == 0 || slices.Index(blocks, true) == len(blocks)-1 { // nothing below the head trains
		return nil
	}
	err := net.AddLoRA(model.LoRA{Rank: o.LoRA.Rank, Alpha: o.LoRA.Alpha, Targets: loraTargets[o.LoRA.Targets],
		Blocks: blocks, Seed: seed})
	if err != nil {
		if o.Freeze.Strategy == trial.LoRA {
			return &ParamError{Name: FreezeName + "." + trial.FreezeStrategy, Msg: err.Error(), Hint: "another strategy"}
		}
		return &ParamError{Name: "lora_rank", Msg: err.Error(), Hint: "0, or a freeze schedule that reaches a layer"}
	}
	return nil
}

// trained says which blocks train in an epoch: those of the schedule, and with updates those of these that have some.
func (l *Loop) trained(epoch int) []bool {
	out := l.job.Options.Freeze.Trained(epoch, len(l.job.Net.Blocks()))
	if l.job.Options.LoRA.Rank > 0 {
		for k, learns := range l.job.Net.Learns() {
			out[k] = out[k] && learns
		}
	}
	return out
}
