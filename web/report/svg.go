package report

import (
	"fmt"
	"html"
	"html/template"
	"strings"
)

// picture is an SVG under construction. Colours come from the page's style by class, so that one picture is right on a light and on a
// dark page.
type picture struct {
	b             strings.Builder
	width, height float64
}

// newPicture begins one; label says to those who cannot see it what it shows.
func newPicture(width, height float64, label string) *picture {
	p := &picture{width: width, height: height}
	p.add(`<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, html.EscapeString(label))
	return p
}

// add appends markup. Texts among the arguments must be escaped.
func (p *picture) add(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *picture) done() template.HTML {
	p.add("</svg>")
	return template.HTML(p.b.String()) //nolint:gosec // every text in it has been escaped
}

func (p *picture) line(class string, x1, y1, x2, y2 float64) {
	p.add(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (p *picture) rect(class string, x, y, width, height float64, title string) {
	p.add(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2">%s</rect>`, class, x, y, max(width, 0), height, titled(title))
}

func (p *picture) dot(class string, x, y, radius float64, title string) {
	p.add(`<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f">%s</circle>`, class, x, y, radius, titled(title))
}

// path is a line through points, x1 y1 x2 y2 ...
func (p *picture) path(class string, points []float64, title string) {
	var d strings.Builder
	for i := 0; i+1 < len(points); i += 2 {
		fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(i, 1)], points[i], points[i+1])
	}
	p.add(`<path class="%s" d="%s">%s</path>`, class, d.String(), titled(title))
}

// text writes beside (x, y); anchor is start, middle or end.
func (p *picture) text(class string, x, y float64, anchor, text string) {
	p.add(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

func titled(text string) string {
	if text == "" {
		return ""
	}
	return "<title>" + html.EscapeString(text) + "</title>"
}

// Margins of a picture with axes.
const (
	marginLeft   = 62
	marginRight  = 16
	marginTop    = 14
	marginBottom = 40
)

// axes draws both with their grid and names.
func (p *picture) axes(x, y scale, nameX, nameY string) {
	bottom := p.height - marginBottom
	for _, t := range y.ticks(6) {
		at := y.at(t.value)
		p.line("grid", marginLeft, at, p.width-marginRight, at)
		p.text("tick", marginLeft-8, at+4, "end", t.label)
	}
	for _, t := range x.ticks(10) {
		at := x.at(t.value)
		p.line("grid", at, marginTop, at, bottom)
		p.text("tick", at, bottom+16, "middle", t.label)
	}
	p.line("axis", marginLeft, bottom, p.width-marginRight, bottom)
	p.text("name", (marginLeft+p.width-marginRight)/2, p.height-6, "middle", nameX)
	p.add(`<text class="name" transform="translate(13 %.1f) rotate(-90)" text-anchor="middle">%s</text>`, (marginTop+bottom)/2, html.EscapeString(nameY))
}

// acrossX and acrossY are scales along the sides of a picture with axes.
func (p *picture) acrossX(low, high float64, log bool) scale {
	return newScale(low, high, log, marginLeft, p.width-marginRight)
}

func (p *picture) acrossY(low, high float64) scale {
	return newScale(low, high, false, p.height-marginBottom, marginTop)
}
