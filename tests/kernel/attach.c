/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernel_attach: plugs devices of a virtual rig into the running kernel, for the guest's scripts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernel/vhci.h"

static int usage(void)
{
	fputs("usage: kernel_attach SOCKET BUSID   plugs in, prints port and bus id\n"
	      "       kernel_attach -d PORT        unplugs\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct vhci_device device = {0};
	struct err err;
	int ret;

	if (argc != 3)
		return usage();
	if (!strcmp(argv[1], "-d")) {
		device.port = (unsigned)atoi(argv[2]);
		ret = vhci_detach(&device, &err);
	} else {
		ret = vhci_attach(argv[1], argv[2], &device, &err);
		if (!ret)
			printf("%u %s\n", device.port, device.busid);
	}
	if (ret)
		fprintf(stderr, "kernel_attach: %s\n", err.text);
	return ret ? 3 : 0;
}
