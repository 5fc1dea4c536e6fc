// Package score turns runs into tables: mean normalized regret at fixed budgets, average rank, and a bootstrap interval.
//
// Seeds of a task are averaged first, then tasks. The rank compares the searches that ran all tasks of a table. The interval is the
// 95% percentile interval of the mean when tasks are drawn again with replacement. Rows have the columns of the CSV files of the
// benchmark folder, so that what other searches scored there can be read ([Read]) and printed beside.
//
// [Paired] compares two searches run by run; [Scale] compares runs with several workers and with one.
package score
