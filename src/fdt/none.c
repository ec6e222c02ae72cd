// SPDX-License-Identifier: LGPL-2.1-or-later
/* In place of the other files of this room where libfdt is missing. */
#include <errno.h>

#include "base/error.h"
#include "fdt/next-tree.h"
#include "fdt/tree-facts.h"

static int refuse(struct kx_error *err)
{
	return kx_fail(err, -EOPNOTSUPP,
		       "this program was built without libfdt and cannot make a device tree for "
		       "the next kernel");
}

int next_tree(struct bytes tree, const struct tree_change *change, uint8_t **ret, size_t *ret_n,
	      struct kx_error *err)
{
	return refuse(err);
}

int tree_stamps(struct bytes tree, size_t *ret, size_t *ret_n, struct kx_error *err)
{
	return refuse(err);
}

int tree_facts_read(struct bytes tree, struct tree_facts *ret, struct kx_error *err)
{
	return refuse(err);
}

int tree_make_empty(uint8_t **ret, size_t *ret_n)
{
	return -EOPNOTSUPP;
}
