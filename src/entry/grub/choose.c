// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which entry a value of $default means: get_entry_number() and menuentry_eq() of normal/menu.c,
 * upstream and as Red Hat patches them.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/interp.h"

/* @spec up to @n bytes or its first single > names @name; >> is a > of the name. */
static bool names_entry(const char *name, const char *spec, size_t n)
{
	for (size_t i = 0;; i++, name++) {
		char c = i < n ? spec[i] : 0;

		if (c == '>' && (i + 1 >= n || spec[i + 1] != '>'))
			return *name == 0;
		if (c == '>')
			i++;
		if (c != *name)
			return false;
		if (!c)
			return true;
	}
}

static int find_id(const struct menu *menu, const char *spec, size_t n)
{
	for (size_t i = 0; i < menu->n && i < INT_MAX; i++)
		if (names_entry(menu->entries[i].id, spec, n))
			return (int)i;
	return -1;
}

static int find_title(const struct menu *menu, const char *spec)
{
	for (size_t i = 0; i < menu->n && i < INT_MAX; i++)
		if (names_entry(menu->entries[i].title, spec, strlen(spec)))
			return (int)i;
	return -1;
}

/* GRUB keeps the number in an int, whatever is lost. */
static int in_menu(const struct menu *menu, unsigned long long number)
{
	int index = (int)(unsigned)number;

	return index >= 0 && (size_t)index < menu->n ? index : -1;
}

static int choose_upstream(const struct menu *menu, const char *value, const char **ret_how)
{
	unsigned long long number;

	switch (number_parse(value, 0, &number, NULL)) {
	case NUMBER_OK:
		*ret_how = "number";
		return in_menu(menu, number);
	case NUMBER_RANGE:
		return -1;
	case NUMBER_NONE:
		break;
	}
	*ret_how = "name";
	for (size_t i = 0; i < menu->n && i < INT_MAX; i++)
		if (names_entry(menu->entries[i].title, value, strlen(value)) ||
		    names_entry(menu->entries[i].id, value, strlen(value)))
			return (int)i;
	return -1;
}

/* An id up to a blank, or a title, or a number; *ret_end is where the value goes on. */
static int choose_rh(const struct menu *menu, const char *value, const char **ret_how,
		     const char **ret_end)
{
	unsigned long long number;
	size_t n = 0;
	int index;

	while (value[n] && !isspace((unsigned char)value[n]))
		n++;
	*ret_how = "id";
	*ret_end = value + n;
	index = find_id(menu, value, n);
	if (index >= 0)
		return index;
	*ret_how = "title";
	*ret_end = "";
	index = find_title(menu, value);
	if (index >= 0)
		return index;
	*ret_how = "number";
	return number_parse(value, 0, &number, ret_end) == NUMBER_OK ? in_menu(menu, number) : -1;
}

int menu_choose(enum grub_flavour flavour, const struct menu *menu, const char *value,
		const char **ret_how)
{
	const char *rest;
	int index;

	*ret_how = "nothing";
	if (!value)
		return -1;
	if (flavour != GRUB_RH)
		return choose_upstream(menu, value, ret_how);
	index = choose_rh(menu, value, ret_how, &rest);
	/* When text is left over, the whole value is invalid. */
	return *rest ? -1 : index;
}

int menu_choose_first(enum grub_flavour flavour, const struct menu *menu, const char *value,
		      char **ret_rest)
{
	unsigned long long number;
	const char *rest, *how;
	int index;

	if (flavour == GRUB_RH) {
		index = choose_rh(menu, value, &how, &rest);
	} else if (number_parse(value, 0, &number, &rest) == NUMBER_OK) {
		index = in_menu(menu, number);
		/* GRUB crashes on an entry that is not there; it is passed over here. */
		if (index < 0)
			index = INT_MAX;
	} else {
		index = -1;
	}
	if (index < 0)
		return -1;
	while (isspace((unsigned char)*rest))
		rest++;
	*ret_rest = strdup(rest);
	return index;
}

const char *menu_tail(const char *value)
{
	for (; *value; value++) {
		if (value[0] == '>' && value[1] == '>')
			value++;
		else if (value[0] == '>')
			return value[1] ? value + 1 : NULL;
	}
	return NULL;
}
