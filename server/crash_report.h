/* What a process that dies of its own fault says: which signal it was, and where in the code; of SIGBUS, what it means
 * here. It goes where diag's lines go, since of a daemon's standard error nobody sees anything. */
#ifndef SERVER_CRASH_REPORT_H
#define SERVER_CRASH_REPORT_H

/* Report SIGBUS, SIGSEGV, SIGFPE, SIGILL and SIGABRT from now on. Those but the first still end the process as they
 * would have, with a core where the system makes one. What a sanitizer reports is left to it. `data_path` names what
 * SIGBUS is likely about: the file under LMDB's map; it must live as long as the process. Once in a process' life. */
void crash_report_install(const char *data_path);

#endif
