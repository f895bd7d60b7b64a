/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libserialport 0.1.1 lists ports by sysfs, and gives USB numbers and names; udev's stable names
 * are links in /dev/serial/by-id. ttyS ports of which there is only a driver's place (no UART) are
 * left out: their sysfs "type" is 0 (PORT_UNKNOWN, linux/serial_core.h).
 */
#include "drivers/link/serial_scan.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libserialport.h>

static const char by_id[] = "/dev/serial/by-id";

static bool read_line(const char *path, char *text, size_t size)
{
	FILE *stream = fopen(path, "r");
	bool right = stream && fgets(text, (int)size, stream);

	if (stream)
		fclose(stream);
	if (right)
		text[strcspn(text, "\n")] = '\0';
	return right;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_no_uart(const char *path)
{
	char file[128], type[16];

	snprintf(file, sizeof(file), "/sys/class/tty/%.40s/type", base_name(path));
	return read_line(file, type, sizeof(type)) && !strcmp(type, "0");
}

static int interface_of(const char *path)
{
	char file[128], text[16];

	/* CDC-ACM hangs at the interface itself, USB-serial converters one device further */
	snprintf(file, sizeof(file), "/sys/class/tty/%.40s/device/bInterfaceNumber",
		 base_name(path));
	if (!read_line(file, text, sizeof(text))) {
		snprintf(file, sizeof(file), "/sys/class/tty/%.40s/device/../bInterfaceNumber",
			 base_name(path));
		if (!read_line(file, text, sizeof(text)))
			return -1;
	}
	return (int)strtol(text, NULL, 16);
}

static void find_stable(const char *path, char *ret_text, size_t size)
{
	DIR *folder = opendir(by_id);
	const struct dirent *entry;

	ret_text[0] = '\0';
	while (folder && (entry = readdir(folder))) {
		char link[256], real[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(link, sizeof(link), "%s/%s", by_id, entry->d_name) >=
		    (int)sizeof(link))
			continue;
		if (realpath(link, real) && !strcmp(real, path))
			snprintf(ret_text, size, "%s", link);
	}
	if (folder)
		closedir(folder);
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void look_at(struct sp_port *port, struct serial_found *found)
{
	int vendor, product;

	*found = (struct serial_found){.interface = -1};
	copy_text(found->path, sizeof(found->path), sp_get_port_name(port));
	copy_text(found->description, sizeof(found->description), sp_get_port_description(port));
	find_stable(found->path, found->stable_path, sizeof(found->stable_path));
	if (access(found->path, R_OK | W_OK))
		found->open_error = -errno;
	if (sp_get_port_usb_vid_pid(port, &vendor, &product) != SP_OK)
		return;
	found->is_usb = true;
	found->vendor = (uint16_t)vendor;
	found->product = (uint16_t)product;
	found->interface = interface_of(found->path);
	copy_text(found->serial, sizeof(found->serial), sp_get_port_usb_serial(port));
}

static int compare_found(const void *a, const void *b)
{
	return strcmp(((const struct serial_found *)a)->path,
		      ((const struct serial_found *)b)->path);
}

int serial_scan(struct serial_found **ret_list, size_t *ret_count, struct err *err)
{
	struct sp_port **ports = NULL;
	struct serial_found *list;
	size_t there = 0, count = 0;

	if (sp_list_ports(&ports) != SP_OK)
		return err_set(err, -EIO, "serial ports cannot be listed: %s",
			       strerror(sp_last_error_code()));
	while (ports[there])
		there++;
	list = calloc(there + 1, sizeof(*list));
	for (size_t i = 0; list && i < there; i++) {
		if (has_no_uart(sp_get_port_name(ports[i])))
			continue;
		look_at(ports[i], &list[count++]);
	}
	sp_free_port_list(ports);
	if (!list)
		return err_set(err, -ENOMEM, "listing serial ports: out of memory");
	qsort(list, count, sizeof(*list), compare_found);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

static bool process_holds(const char *proc, const char *pid, const char *real)
{
	char folder_path[PATH_MAX], link[PATH_MAX], target[PATH_MAX];
	const struct dirent *entry;
	bool holds = false;
	DIR *folder;

	snprintf(folder_path, sizeof(folder_path), "%.200s/%.20s/fd", proc, pid);
	folder = opendir(folder_path);
	while (folder && !holds && (entry = readdir(folder))) {
		ssize_t count;

		snprintf(link, sizeof(link), "%.250s/%.250s", folder_path, entry->d_name);
		count = readlink(link, target, sizeof(target) - 1);
		if (count < 0)
			continue;
		target[count] = '\0';
		holds = !strcmp(target, real);
	}
	if (folder)
		closedir(folder);
	return holds;
}

bool serial_holder_below(const char *proc, const char *path, char *ret_text, size_t size)
{
	char real[PATH_MAX], file[PATH_MAX], name[64];
	DIR *folder = realpath(path, real) ? opendir(proc) : NULL;
	const struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    strtol(entry->d_name, NULL, 10) == (long)getpid() ||
		    !process_holds(proc, entry->d_name, real))
			continue;
		snprintf(file, sizeof(file), "%.200s/%.20s/comm", proc, entry->d_name);
		if (!read_line(file, name, sizeof(name)))
			snprintf(name, sizeof(name), "somebody");
		snprintf(ret_text, size, "%s (process %.20s)", name, entry->d_name);
		found = true;
	}
	if (folder)
		closedir(folder);
	return found;
}

bool serial_holder(const char *path, char *ret_text, size_t size)
{
	return serial_holder_below("/proc", path, ret_text, size);
}
