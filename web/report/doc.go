// Package report shows a study as one page: HTML that needs nothing beside it, its pictures inline SVG, or Markdown. It draws what
// package view says and computes nothing about a study itself.
package report
