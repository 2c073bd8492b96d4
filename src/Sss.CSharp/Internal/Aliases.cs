extern alias core;

global using Core = core::Sss;
