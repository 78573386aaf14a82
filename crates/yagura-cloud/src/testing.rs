//! A scripted HTTP server for tests: plain sockets, so that it can also misbehave.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Answers requests with the given raw responses, one connection each, and keeps what was asked.
pub struct Server {
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// Heads of the requests so far.
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves these responses in order, then closes every connection at once.
    pub fn new(responses: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        std::thread::spawn(move || {
            let mut responses = VecDeque::from(responses);
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                log.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                let _ = stream.write_all(&responses.pop_front().unwrap_or_default());
            }
        });
        Self { url, requests }
    }

    /// The values of a header in all requests; empty where it was not sent.
    pub fn header(&self, name: &str) -> Vec<String> {
        let value = |request: &String| {
            request.lines().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
        };
        self.requests.lock().unwrap().iter().map(|request| value(request).unwrap_or_default()).collect()
    }
}

/// A response with a correct length unless `headers` states one.
pub fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = match headers.to_ascii_lowercase().contains("content-length") {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    [format!("HTTP/1.1 {status}\r\nConnection: close\r\n{length}{headers}\r\n").as_bytes(), body].concat()
}
