//! Over a socket.

use stepwell_api::{ApiOptions, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::Server;

struct Listening {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

async fn listen(server: &Server) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(listener, server.state.clone(), async { drop(stopped.await) }));
    Listening { address, stop, served }
}

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_stopping_server_answers_what_was_begun_and_takes_no_more() {
    let server = Server::start().await;
    let listening = listen(&server).await;
    let body = r#"{"email":"ada@example.org"}"#;
    let head = format!(
        "POST /contacts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        server.key,
        body.len()
    );
    let mut begun = TcpStream::connect(listening.address).await.expect("connection");
    begun.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 25];
    begun.read_exact(&mut answer).await.expect("the server reads the body");
    assert!(answer.starts_with(b"HTTP/1.1 100"));
    listening.stop.send(()).expect("stopping");
    while TcpStream::connect(listening.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    begun.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await.expect("answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    listening.served.await.expect("joined").expect("served");
}

#[tokio::test]
async fn a_connection_too_many_waits_for_its_turn() {
    let server = Server::start_with(ApiOptions { max_connections: 1, ..ApiOptions::default() }).await;
    let listening = listen(&server).await;
    let mut first = TcpStream::connect(listening.address).await.expect("connection");
    first.write_all(&HEALTH[..10]).await.expect("sent");
    let mut second = TcpStream::connect(listening.address).await.expect("connection");
    second.write_all(HEALTH).await.expect("sent");
    first.write_all(&HEALTH[10..]).await.expect("sent");
    for stream in [&mut first, &mut second] {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
