package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"automl/search"
	"automl/trial"
	"automl/trial/private"
	"automl/trial/view"
	"automl/web/report"
)

// reportFormats are the forms of a report, the default first.
var reportFormats = []string{"html", "md", "json", "yaml"}

func (a *app) reportCmd() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "report [STUDY [FILE]]",
		Short: "Write a study as one page: the winner and the evidence, what mattered, what was stopped, what it cost; also while it runs",
		Long: `report writes a study as one page: an HTML file that needs nothing beside it, or Markdown, or JSON for programs. It reads the record
alone, and changes nothing. Without FILE it goes to standard output.

  automl report banking77 report.html`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			path := ""
			if len(args) == 2 {
				path = args[1]
			}
			if format == "" {
				format = formatOf(path)
			}
			if !slices.Contains(reportFormats, format) {
				return usage(fmt.Errorf("--output %q is none of %s", format, strings.Join(reportFormats, ", ")))
			}
			if path == "" && format == "html" && isTerminal(a.out) {
				return usage(fmt.Errorf("a page of HTML is of no use on a terminal: name a file, as in automl report STUDY report.html, or take -o md"))
			}
			return a.withState(c.Context(), first(args), func(r reader, s *trial.State) error {
				rep, err := a.reportOf(c.Context(), r, s)
				if err != nil {
					return err
				}
				if path == "" {
					return a.writeReport(a.out, rep, format)
				}
				return a.saveReport(path, rep, format)
			})
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "", "html, md, json or yaml; default: as FILE ends, else html")
	return c
}

// formatOf is the form that the name of a file asks for.
func formatOf(path string) string {
	ending := strings.TrimPrefix(filepath.Ext(path), ".")
	if slices.Contains(reportFormats, ending) {
		return ending
	}
	return reportFormats[0]
}

func (a *app) reportOf(ctx context.Context, r reader, s *trial.State) (view.Report, error) {
	events, err := r.Events(ctx, s.Study.ID, 0)
	if err != nil {
		return view.Report{}, err
	}
	spec, err := decode(s.Study)
	if err != nil {
		return view.Report{}, err
	}
	gpus := spec.Resources.GPUShare()
	return view.ReportOf(s, events, statusOf(s, a.runners(ctx)), gpus, search.ImportanceOf(spec.Space, s), time.Now()), nil
}

func (a *app) writeReport(w io.Writer, r view.Report, format string) error {
	switch format {
	case "html":
		return report.HTML(w, r)
	case "md":
		return report.Markdown(w, r)
	}
	b := *a
	b.out, b.output = w, format
	return b.show(r, nil, nil) // json or yaml
}

// leaveReport writes the report of a study that is over to where its models are.
func (a *app) leaveReport(ctx context.Context, r reader, s *trial.State) error {
	rep, err := a.reportOf(ctx, r, s)
	if err != nil {
		return err
	}
	dir := modelsOf(a.dataDir, s.Study.ID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return trial.Wrap(trial.Storage, err, "write the report")
	}
	return a.saveReport(filepath.Join(dir, "report.html"), rep, "html")
}

// saveReport writes the file as a whole or not at all; a report that is there already is an older one.
func (a *app) saveReport(path string, r view.Report, format string) error {
	var b bytes.Buffer
	if err := a.writeReport(&b, r, format); err != nil {
		return err
	}
	if err := private.WriteMode(path, b.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "the report of %s is in %s\n", r.Status.Study, path)
	return nil
}
