package main

import (
	"context"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"automl/configs"
	"automl/trial"
	"automl/trial/dispatch"
)

func (a *app) daemonCmd() *cobra.Command {
	var serve serveFlags
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Run the search daemon; runners join it, automl submit gives it work",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log := a.log(zerolog.InfoLevel)
			t, err := startTree(c.Context(), a.dataDir, serve, &a.lab, log)
			if err != nil {
				return err
			}
			defer t.stop()
			info, err := readDaemonFile(a.dataDir)
			if err != nil {
				return err
			}
			log.Info().Str("url", info.URL).Str("nats", dispatch.Redact(info.NATS)).Str("data", a.dataDir).Msg("the daemon is ready")
			select {
			case <-c.Context().Done():
				return nil
			case err := <-t.done:
				t.done <- err
				return err
			}
		},
	}
	serve.registerAll(c)
	a.addConfig(c)
	return c
}

// prepare checks a sweep document that came over HTTP, as loadSweep checks a file, and makes it a study.
func (t *tree) prepare(ctx context.Context, document []byte) (trial.Study, error) {
	s, err := configs.Parse("request body", document, "")
	if err != nil {
		return trial.Study{}, err
	}
	if err := checkTrainer(s); err != nil {
		return trial.Study{}, err
	}
	notes, err := learn(ctx, s, t.db, configs.Library{Study: earlier(ctx, t.db)})
	if err != nil {
		return trial.Study{}, err
	}
	for _, n := range notes {
		t.log.Info().Str("study", s.Name).Msg("warm start: " + n)
	}
	return newStudy(s)
}
