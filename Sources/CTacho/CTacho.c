#include "tacho.h"
