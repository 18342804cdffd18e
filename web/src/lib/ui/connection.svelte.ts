/** Whether the browser believes to be online. */
class Connection {
  online = $state(navigator.onLine);

  constructor() {
    window.addEventListener('online', () => {
      this.online = true;
    });
    window.addEventListener('offline', () => {
      this.online = false;
    });
  }
}

export const connection = new Connection();
