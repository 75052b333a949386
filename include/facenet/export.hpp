// FACENET_API marks what the shared library exports; all else is hidden.
#pragma once

#if defined(FACENET_STATIC)
#define FACENET_API
#elif defined(_WIN32) && defined(FACENET_BUILDING)
#define FACENET_API __declspec(dllexport)
#elif defined(_WIN32)
#define FACENET_API __declspec(dllimport)
#else
#define FACENET_API __attribute__((visibility("default")))
#endif
