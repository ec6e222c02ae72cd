// SPDX-License-Identifier: LGPL-2.1-or-later
/* Device tree -> what a loader has to know of the machine. Properties: Devicetree Specification 0.4, 2.3 and 3.6. */
#include "fdt/tree-facts.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fdt/next-tree.h"

#define EMPTY_TREE_ROOM 256u
#define STDOUT_PATH_MAX 256u
#define BUSES_MAX 8u /* between a device and the root */

static int number(const void *fdt, int node, const char *name)
{
	int n;
	const void *value = fdt_getprop(fdt, node, name, &n);

	return value && n == 4 ? (int)fdt32_ld(value) : -1;
}

/* One or two cells as a number. */
static uint64_t cells(const uint8_t *p, int n)
{
	return n == 2 ? fdt64_ld((const void *)p) : fdt32_ld((const void *)p);
}

static bool is_size(int n_cells)
{
	return n_cells == 1 || n_cells == 2;
}

/* An address on the bus @bus as one on the bus that it hangs on. */
static bool through_bus(const void *fdt, int bus, int above, uint64_t *address)
{
	int n, inner = fdt_address_cells(fdt, bus), outer = fdt_address_cells(fdt, above),
	       size = fdt_size_cells(fdt, bus);
	const uint8_t *ranges = fdt_getprop(fdt, bus, "ranges", &n);

	if (!ranges)
		return false;
	if (n == 0)
		return true;
	if (!is_size(inner) || !is_size(outer) || !is_size(size))
		return false;
	for (const int row = 4 * (inner + outer + size); n >= row; ranges += row, n -= row) {
		const uint64_t from = cells(ranges, inner);

		if (*address < from ||
		    *address - from >= cells(ranges + 4 * (size_t)(inner + outer), size))
			continue;
		*address = *address - from + cells(ranges + 4 * (size_t)inner, outer);
		return true;
	}
	return false;
}

/* Physical address of the first registers of a device. */
static bool registers_of(const void *fdt, int node, uint64_t *ret)
{
	int bus = fdt_parent_offset(fdt, node), n;
	const uint8_t *reg = fdt_getprop(fdt, node, "reg", &n);
	const int n_cells = bus < 0 ? 0 : fdt_address_cells(fdt, bus);

	if (!reg || !is_size(n_cells) || n < 4 * n_cells)
		return false;
	*ret = cells(reg, n_cells);
	for (unsigned i = 0; bus > 0; i++) {
		const int above = fdt_parent_offset(fdt, bus);

		if (i == BUSES_MAX || above < 0 || !through_bus(fdt, bus, above, ret))
			return false;
		bus = above;
	}
	return bus == 0;
}

static enum tree_uart_kind uart_kind(const void *fdt, int node)
{
	static const char *const of_8250[] = { "ns16550a", "ns16550", "ns8250",
					       "snps,dw-apb-uart" };

	if (fdt_node_check_compatible(fdt, node, "arm,pl011") == 0)
		return TREE_UART_PL011;
	for (size_t i = 0; i < sizeof(of_8250) / sizeof(of_8250[0]); i++)
		if (fdt_node_check_compatible(fdt, node, of_8250[i]) == 0)
			return TREE_UART_8250;
	return TREE_UART_NONE;
}

/* The node of /chosen/stdout-path: a path or an alias, with ":115200n8" behind it. */
static int stdout_node(const void *fdt)
{
	char path[STDOUT_PATH_MAX];
	int n, chosen = fdt_path_offset(fdt, "/chosen");
	const char *value = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "stdout-path", &n);

	if (!value || n < 1 || (size_t)n > sizeof(path) || value[n - 1])
		return -FDT_ERR_NOTFOUND;
	memcpy(path, value, (size_t)n);
	path[strcspn(path, ":")] = '\0';
	return fdt_path_offset(fdt, path);
}

static void read_uart(const void *fdt, struct tree_uart *ret)
{
	const int node = stdout_node(fdt);
	const enum tree_uart_kind kind = node < 0 ? TREE_UART_NONE : uart_kind(fdt, node);
	const int shift = node < 0 ? -1 : number(fdt, node, "reg-shift"),
		  width = node < 0 ? -1 : number(fdt, node, "reg-io-width");
	uint64_t registers;

	if (kind == TREE_UART_NONE || !registers_of(fdt, node, &registers) || shift > 7)
		return;
	*ret = (struct tree_uart){
		.kind = kind,
		.registers = registers,
		.shift = (uint8_t)(shift < 0 ? 0 : shift),
		/* where there are 32 bits for a register all of them may be accessed */
		.width = width == 4 || kind == TREE_UART_PL011 ? 4 : 1,
	};
}

static enum tree_psci read_psci(const void *fdt)
{
	static const char *const versions[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		int n, node = fdt_node_offset_by_compatible(fdt, -1, versions[i]);
		const char *method = node < 0 ? NULL : fdt_getprop(fdt, node, "method", &n);

		if (method && n == 4)
			return memcmp(method, "hvc", 4) == 0   ? TREE_PSCI_HVC
			       : memcmp(method, "smc", 4) == 0 ? TREE_PSCI_SMC
							       : TREE_PSCI_NONE;
	}
	return TREE_PSCI_NONE;
}

static bool has_memory(const void *fdt)
{
	return fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof("memory")) >=
	       0;
}

int tree_facts_read(struct bytes tree, struct tree_facts *ret, struct kx_error *err)
{
	const size_t n = tree.n < DEVICE_TREE_MAX ? tree.n : DEVICE_TREE_MAX;
	_cleanup_free_ uint8_t *fdt = malloc(n + 1); /* libfdt wants it aligned */
	int r;

	if (!fdt)
		return kx_fail(err, -ENOMEM, "device tree: out of memory");
	memcpy(fdt, tree.p, n);
	r = n < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(fdt, n);
	if (r < 0)
		return kx_fail(err, -EBADMSG, "device tree: %s", fdt_strerror(r));
	*ret = (struct tree_facts){
		.psci = read_psci(fdt),
		.has_its = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3-its") >= 0,
		.has_memory = has_memory(fdt),
	};
	read_uart(fdt, &ret->uart);
	return 0;
}

int tree_make_empty(uint8_t **ret, size_t *ret_n)
{
	void *fdt = malloc(EMPTY_TREE_ROOM);

	if (!fdt)
		return -ENOMEM;
	if (fdt_create_empty_tree(fdt, EMPTY_TREE_ROOM) < 0) {
		free(fdt);
		return -EBADMSG;
	}
	*ret_n = fdt_totalsize(fdt);
	*ret = fdt;
	return 0;
}
