/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads every #include of the tree and fails on an edge that the architecture does not list, on an
 * include that is not written from the project's root, and on a library's header outside its room.
 *
 * usage: house_includes ROOT
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A file belongs to the first room whose prefix it has. */
static const char *const rooms[] = {
	"bench/",           "drivers/",       "analysis/",      "firmware/wire/",
	"firmware/image/",  "firmware/runtime/", "firmware/",   "rigs/virtual/",
	"tests/",
};

static const struct {
	const char *from, *to;
} edges[] = {
	{"bench/", "drivers/"},
	{"bench/", "analysis/"},
	{"bench/", "firmware/wire/"},
	{"bench/", "firmware/image/"},
	{"bench/", "firmware/runtime/"},
	{"drivers/", "firmware/wire/"},
	{"firmware/image/", "firmware/wire/"},
	{"firmware/runtime/", "firmware/image/"},
	{"firmware/runtime/", "firmware/wire/"},
	{"firmware/", "firmware/wire/"},
	{"firmware/", "firmware/image/"},
	{"firmware/", "firmware/runtime/"},
};

/* Headers of these libraries only in these folders. */
static const struct {
	const char *header, *folder;
} libraries[] = {
	{"libserialport.h", "drivers/link/"},
	{"libusb", "drivers/link/"},
	{"gpiod.h", "drivers/"},
	{"gsl/", "analysis/"},
	{"sqlite3.h", "bench/store/"},
	{"cyaml/", "bench/config/"},
	{"hdf5.h", "bench/trace/"},
};

static size_t root_length;
static unsigned files, includes, faults;

static const char *room_of(const char *path)
{
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
		if (!strncmp(path, rooms[i], strlen(rooms[i])))
			return rooms[i];
	return NULL;
}

static bool edge_allowed(const char *from, const char *to)
{
	if (from == to || !strcmp(from, "tests/"))
		return true;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (!strcmp(edges[i].from, from) && !strcmp(edges[i].to, to))
			return true;
	return false;
}

static void fault(const char *file, unsigned line, const char *target, const char *why)
{
	printf("%s:%u: \"%s\": %s\n", file, line, target, why);
	faults++;
}

static void check_project_include(const char *file, unsigned line, const char *target)
{
	const char *from = room_of(file);
	const char *to = room_of(target);

	if (strstr(target, "..") || !to)
		fault(file, line, target, "is not written from the project's root");
	else if (!from)
		fault(file, line, target, "stands in a file outside every room");
	else if (!edge_allowed(from, to))
		fault(file, line, target, "crosses a wall");
}

static void check_library_include(const char *file, unsigned line, const char *target)
{
	if (!strncmp(file, "tests/", 6))
		return;
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		bool same_library = !strncmp(target, libraries[i].header,
					     strlen(libraries[i].header));
		bool virtual_yaml = !strcmp(libraries[i].header, "cyaml/") &&
				    !strncmp(file, "rigs/virtual/", 13);

		if (same_library && !virtual_yaml &&
		    strncmp(file, libraries[i].folder, strlen(libraries[i].folder)))
			fault(file, line, target, "is outside the folder that wraps this library");
	}
}

static void check_line(const char *file, unsigned line, const char *text)
{
	char target[256];
	const char *at = text + strspn(text, " \t");

	if (*at != '#')
		return;
	at++;
	at += strspn(at, " \t");
	if (strncmp(at, "include", 7))
		return;
	at += 7;
	at += strspn(at, " \t");
	includes++;
	if (sscanf(at, "\"%255[^\"]\"", target) == 1)
		check_project_include(file, line, target);
	else if (sscanf(at, "<%255[^>]>", target) == 1)
		check_library_include(file, line, target);
	else
		fault(file, line, at, "is neither a file of the project nor a library's header");
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	size_t length = strlen(path);
	char text[4096];
	unsigned line = 0;
	FILE *stream;

	(void)status;
	(void)where;
	if (kind != FTW_F || length < 2 || path[length - 2] != '.' ||
	    (path[length - 1] != 'c' && path[length - 1] != 'h'))
		return 0;
	stream = fopen(path, "r");
	if (!stream) {
		perror(path);
		return 1;
	}
	files++;
	while (fgets(text, sizeof(text), stream))
		check_line(path + root_length, ++line, text);
	fclose(stream);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const folders[] = {"bench",    "drivers",      "analysis",
					      "firmware", "rigs/virtual", "tests"};
	char path[4096];

	if (argc != 2) {
		fprintf(stderr, "usage: house_includes ROOT\n");
		return 2;
	}
	root_length = strlen(argv[1]) + 1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", argv[1], folders[i]);
		if (nftw(path, visit, 16, FTW_PHYS)) {
			fprintf(stderr, "cannot read %s\n", path);
			return 2;
		}
	}
	printf("%u files, %u includes, %u faults\n", files, includes, faults);
	return faults || files < 20;
}
