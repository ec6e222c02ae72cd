// SPDX-License-Identifier: GPL-2.0-or-later

/* "Did you mean": the number of letters that are missing, too many, different or exchanged with their
 * neighbour (the optimal string alignment distance). */

#include <string.h>

#include "cli/options.h"

enum { LETTERS_MAX = 40 }; /* longer words are not compared */

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* rows[i][j]: from the first i letters of @a to the first j of @b; only three rows are ever needed. */
static unsigned distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned rows[3][LETTERS_MAX + 1];

	for (size_t i = 0; i <= n_a; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n_b; j++) {
			if (i == 0) {
				row[j] = (unsigned)j;
				continue;
			}
			row[j] = min2(min2(above[j], row[j - 1]) + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min2(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[n_a % 3][n_b];
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const size_t n_word = strlen(word);
	/* a third of the letters may be wrong */
	unsigned best = (unsigned)n_word / 3 + 1;
	const char *nearest = NULL;

	if (n_word > LETTERS_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const size_t n_other = strlen(words[i]);
		unsigned d = n_other <= LETTERS_MAX ? distance(word, n_word, words[i], n_other)
						    : LETTERS_MAX;

		if (d > 0 && d < best) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

struct hint hint_nearest(const char *word, const char *const *words, size_t n)
{
	const char *nearest = nearest_word(word, words, n);
	struct hint hint = { .text = "" };

	if (nearest)
		(void)snprintf(hint.text, sizeof(hint.text), " (did you mean '%s'?)", nearest);
	return hint;
}
