#include "hv/boot/boot.h"

const char build_id[] = BUILD_ID;
