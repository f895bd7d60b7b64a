/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sensor of the kernel's hardware monitoring: /sys/class/hwmon/hwmonN/tempM_input, in thousandths
 * of a degree (kernel documentation, hwmon/sysfs-interface). N changes from start to start: the chip
 * is found by its "name".
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/thermal/thermal.h"

struct hwmon {
	char path[PATH_MAX];
};

static int read_text(const char *path, char *text, size_t size)
{
	FILE *stream = fopen(path, "r");
	int ret = 0;

	if (!stream)
		return -errno;
	if (!fgets(text, (int)size, stream))
		ret = ferror(stream) && errno ? -errno : -EIO;
	fclose(stream);
	if (!ret)
		text[strcspn(text, "\n")] = '\0';
	return ret;
}

/* Counts the chips of that name; notes the names there are. */
static unsigned find_chip(const char *root, const char *chip, size_t length, char *ret_folder,
			  size_t size, char *ret_names, size_t names_size)
{
	DIR *folder = opendir(root);
	const struct dirent *entry;
	unsigned count = 0;
	size_t used = 0;

	while (folder && (entry = readdir(folder))) {
		char path[PATH_MAX], name[64];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.3000s/%.255s/name", root, entry->d_name);
		if (read_text(path, name, sizeof(name)))
			continue;
		if (used < names_size)
			used += (size_t)snprintf(ret_names + used, names_size - used, "%s%s",
						 used ? ", " : "", name);
		if (strlen(name) != length || strncmp(name, chip, length))
			continue;
		count++;
		snprintf(ret_folder, size, "%.3000s/%.255s", root, entry->d_name);
	}
	if (folder)
		closedir(folder);
	return count;
}

static int hwmon_read(void *state, double *ret_temp_c, struct err *err)
{
	const struct hwmon *hwmon = state;
	char text[32], *end;
	int ret = read_text(hwmon->path, text, sizeof(text));
	long millidegrees;

	if (ret)
		return err_set(err, ret, "%.300s: %s", hwmon->path, strerror(-ret));
	errno = 0;
	millidegrees = strtol(text, &end, 10);
	if (end == text || *end || errno || labs(millidegrees) > 300000)
		return err_set(err, -EPROTO, "%.300s: '%s' is no temperature", hwmon->path, text);
	*ret_temp_c = (double)millidegrees / 1000;
	return 0;
}

static int hwmon_open(void *state, const char *address, const struct thermal_settings *settings,
		      struct err *err)
{
	const char *root = settings->sysfs_hwmon ? settings->sysfs_hwmon : "/sys/class/hwmon";
	const char *slash = strchr(address, '/');
	char folder[PATH_MAX - 64], names[200] = "";
	struct hwmon *hwmon = state;
	unsigned count;
	double temp_c;

	if (!slash || slash == address || !slash[1] || strchr(slash + 1, '/') ||
	    strlen(slash + 1) > 30)
		return err_set(err, -EINVAL, "'%s' is no CHIP/SENSOR, as lm75/temp1", address);
	count = find_chip(root, address, (size_t)(slash - address), folder, sizeof(folder), names,
			  sizeof(names));
	if (!count)
		return err_set(err, -ENOENT, "no chip is named '%.*s'; there are: %s",
			       (int)(slash - address), address, *names ? names : "none");
	if (count > 1)
		return err_set(err, -ENOTUNIQ, "%u chips are named '%.*s': one of them must go",
			       count, (int)(slash - address), address);
	snprintf(hwmon->path, sizeof(hwmon->path), "%s/%s_input", folder, slash + 1);
	return hwmon_read(hwmon, &temp_c, err);
}

static int hwmon_identify(void *state, char *ret_text, size_t size, struct err *err)
{
	(void)err;
	snprintf(ret_text, size, "%s", ((const struct hwmon *)state)->path);
	return 0;
}

static void hwmon_close(void *state)
{
	(void)state;
}

const struct thermal_ops thermal_hwmon = {
	.scheme = "hwmon",
	.caps = THERMAL_CAP_MEASURED,
	.state_size = sizeof(struct hwmon),
	.open = hwmon_open,
	.close = hwmon_close,
	.read = hwmon_read,
	.identify = hwmon_identify,
};
