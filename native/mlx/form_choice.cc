#include "mlx/form_choice.h"
