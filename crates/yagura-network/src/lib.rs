//! Reachability over a snapshot of VPC configuration: which TCP and UDP ports of which instance a sender outside its
//! VPC can reach, from which edge, and why or why not. Exact set algebra over the modelled components; what is not
//! modelled on a path is said. Leaves out what listens on a port, and every firewall inside an instance.

pub mod address;
mod balance;
mod build;
mod build_balancers;
mod classes;
pub mod document;
pub mod edge;
pub mod explain;
pub mod facts;
pub mod findings;
#[cfg(test)]
mod laws;
pub mod network;
pub mod probe;
pub mod report;
pub mod set;
pub mod walk;
mod walk_back;
mod walk_inside;
mod ways;
