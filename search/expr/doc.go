// Package expr is the language of constraints: comparisons of arithmetic on named values, joined by and, or, not.
//
//	or:         and ("or" and)*
//	and:        not ("and" not)*
//	not:        "not" not | comparison
//	comparison: sum (("<" | "<=" | ">" | ">=" | "==" | "!=") sum)?
//	sum:        product (("+" | "-") product)*
//	product:    unary (("*" | "/") unary)*
//	unary:      "-" unary | number | text | "true" | "false" | name | "(" or ")"
//
// A text stands in single or double quotes. A name that has a hyphen stands in backquotes, since a hyphen is a minus otherwise.
// Numbers are float64s, and arithmetic is theirs: a division by zero is infinite, or not a number, which no comparison but !=
// holds for. Texts, truth values and values that may be of several types can only be compared with == and !=.
//
// [Compile] checks names and types once; [Program.Holds] then only computes.
package expr
