#pragma once
#include "engine/median_seconds.h"
