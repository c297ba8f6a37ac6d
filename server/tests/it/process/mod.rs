//! The server as a program: killed, stopped, and left without database or disk.

mod deletion;
mod disk_full;
mod few_files;
mod files;
mod handshake;
mod isolation;
mod judge;
mod kills;
mod kills_with_deliveries;
mod million;
mod paused;
mod poison;
mod postgres_restarts;
mod postgres_silent;
mod ready_again;
mod stop;
mod synced;
mod unread_log;
