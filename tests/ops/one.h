#define ONE 1.0f
