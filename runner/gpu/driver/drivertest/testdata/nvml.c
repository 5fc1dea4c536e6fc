/* A management library without a GPU behind it, for tests: the entry points of the real one, with the types of its header. What it
 * tells stands in the file named by FAKE_NVML, which is read anew with every call:
 *
 *   gpu UUID TOTAL USED BUSY            a GPU: bytes, bytes, percent
 *   mig UUID TOTAL USED                 an instance of the GPU before it
 *   process PID BYTES BUSY              on the GPU or instance before it; bytes -1: not told, percent
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nvml.h"

#define MOST 64

struct process { unsigned pid; long long bytes; unsigned busy; };
struct device {
	char uuid[96];
	unsigned long long total, used;
	unsigned busy;
	int mig, instances[8], count; /* mig: it is an instance */
	struct process processes[8];
	int running;
};

static struct device devices[MOST];
static int found;

static void look(void) {
	char line[256];
	struct device *at = NULL, *whole = NULL;
	FILE *f = fopen(getenv("FAKE_NVML") ? getenv("FAKE_NVML") : "", "r");
	found = 0;
	if (!f) return;
	while (fgets(line, sizeof line, f) && found < MOST) {
		struct device d = {0};
		struct process p;
		if (sscanf(line, "gpu %95s %llu %llu %u", d.uuid, &d.total, &d.used, &d.busy) == 4) {
			devices[found] = d;
			at = whole = &devices[found++];
		} else if (sscanf(line, "mig %95s %llu %llu", d.uuid, &d.total, &d.used) == 3 && whole) {
			d.mig = 1;
			whole->instances[whole->count++] = found;
			devices[found] = d;
			at = &devices[found++];
		} else if (sscanf(line, "process %u %lld %u", &p.pid, &p.bytes, &p.busy) == 3 && at) {
			at->processes[at->running++] = p;
		}
	}
	fclose(f);
}

/* A handle is the place in the table plus one, so that it is never null. The binding's header wraps the pointer. */
static nvmlDevice_t handle(int i) { return (nvmlDevice_t){(void *)(size_t)(i + 1)}; }

static struct device *of(nvmlDevice_t h) {
	size_t i = (size_t)h.handle;
	look();
	return i >= 1 && i <= (size_t)found ? &devices[i - 1] : NULL;
}

nvmlReturn_t nvmlInit_v2(void) {
	return getenv("FAKE_NVML_BROKEN") ? NVML_ERROR_DRIVER_NOT_LOADED : NVML_SUCCESS;
}
nvmlReturn_t nvmlShutdown(void) { return NVML_SUCCESS; }
const char *nvmlErrorString(nvmlReturn_t r) { return r == NVML_ERROR_DRIVER_NOT_LOADED ? "Driver Not Loaded" : "an error of the fake"; }

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *n) {
	look();
	*n = 0;
	for (int i = 0; i < found; i++) *n += !devices[i].mig;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *h) {
	look();
	for (int i = 0; i < found; i++)
		if (!devices[i].mig && index-- == 0) {
			*h = handle(i);
			return NVML_SUCCESS;
		}
	return NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t h, char *uuid, unsigned length) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_INVALID_ARGUMENT;
	snprintf(uuid, length, "%s", d->uuid);
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t h, char *name, unsigned length) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_INVALID_ARGUMENT;
	snprintf(name, length, d->mig ? "Fake MIG 1g" : "Fake GPU");
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t h, nvmlMemory_t *m) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_GPU_IS_LOST;
	m->total = d->total;
	m->used = d->used;
	m->free = d->total - d->used;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t h, nvmlUtilization_t *u) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_GPU_IS_LOST;
	if (d->mig) return NVML_ERROR_NOT_SUPPORTED;
	u->gpu = d->busy;
	u->memory = 0;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t h, unsigned *n, nvmlProcessInfo_t *infos) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_GPU_IS_LOST;
	unsigned room = *n;
	*n = d->running;
	if (room < (unsigned)d->running) return NVML_ERROR_INSUFFICIENT_SIZE;
	for (int i = 0; i < d->running; i++) {
		memset(&infos[i], 0, sizeof infos[i]);
		infos[i].pid = d->processes[i].pid;
		infos[i].usedGpuMemory = d->processes[i].bytes < 0 ? ~0ULL : (unsigned long long)d->processes[i].bytes;
	}
	return NVML_SUCCESS;
}

/* Every call finds two new samples of each process, of which one computes as much more as the other computes less. */
nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t h, nvmlProcessUtilizationSample_t *samples, unsigned *n, unsigned long long since) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_GPU_IS_LOST;
	if (d->mig) return NVML_ERROR_NOT_SUPPORTED;
	if (!d->running) return NVML_ERROR_NOT_FOUND;
	if (!samples) {
		*n = 2 * d->running;
		return NVML_ERROR_INSUFFICIENT_SIZE;
	}
	for (int i = 0; i < 2 * d->running; i++) {
		memset(&samples[i], 0, sizeof samples[i]);
		samples[i].pid = d->processes[i / 2].pid;
		samples[i].timeStamp = since + 1 + i % 2;
		samples[i].smUtil = d->processes[i / 2].busy + (i % 2 ? 10 : -10);
	}
	*n = 2 * d->running;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t h, unsigned *current, unsigned *pending) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_INVALID_ARGUMENT;
	*current = *pending = d->count ? NVML_DEVICE_MIG_ENABLE : NVML_DEVICE_MIG_DISABLE;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t h, unsigned *n) {
	(void)h;
	*n = 7;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t h, unsigned index, nvmlDevice_t *mig) {
	struct device *d = of(h);
	if (!d) return NVML_ERROR_INVALID_ARGUMENT;
	if (index >= (unsigned)d->count) return NVML_ERROR_NOT_FOUND;
	*mig = handle(d->instances[index]);
	return NVML_SUCCESS;
}
